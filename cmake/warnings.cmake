# SPDX-License-Identifier: MIT
# The flags that every file of the project is compiled with.
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Werror -Wshadow -Wvla
                    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
if(ONCPU_SANITIZE)
    add_compile_options(-fsanitize=${ONCPU_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${ONCPU_SANITIZE})
endif()
