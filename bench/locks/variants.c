/* SPDX-License-Identifier: MIT */
/* Variants of the library, in one process. */
#include "lock.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <oncpu/oncpu.h>
#define V(x) \
static struct { int (*init)(void); int (*lock)(void*); int (*unlock)(void*); int (*trylock)(void*); int (*sel)(enum oncpu_source);} f_##x; \
static const char *un_##x(void){ const char *e=getenv("V_" #x); void *h; if(!e) return "not set"; \
 h=dlopen(e,RTLD_NOW|RTLD_LOCAL); if(!h) return dlerror(); \
 *(void**)&f_##x.init=dlsym(h,"oncpu_init"); *(void**)&f_##x.lock=dlsym(h,"oncpu_mutex_lock"); *(void**)&f_##x.unlock=dlsym(h,"oncpu_mutex_unlock"); \
 *(void**)&f_##x.trylock=dlsym(h,"oncpu_mutex_trylock"); *(void**)&f_##x.sel=dlsym(h,"oncpu_source_select"); int er=f_##x.init(); return er?"init failed":NULL;} \
static void l_##x(void*l){f_##x.lock(l);} static void u_##x(void*l){f_##x.unlock(l);} static bool t_##x(void*l){return f_##x.trylock(l)==0;} \
static const struct bench_lock_ops o_##x={.name="v_" #x,.description="variant",.size=sizeof(oncpu_mutex_t),.lock=l_##x,.unlock=u_##x,.trylock=t_##x,.unavailable=un_##x,.hidden=true}; BENCH_LOCK(o_##x)
V(a); V(b); V(c); V(d); V(e);
