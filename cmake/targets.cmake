# guarita_flags       how all our code is compiled
# guarita_module      one folder of src/: a static library, its unit tests beside the code

add_library(guarita_flags INTERFACE)
target_include_directories(guarita_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(guarita_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL
  GUARITA_VERSION="${PROJECT_VERSION}")
target_compile_options(guarita_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wthread-safety -Wswitch
  -Werror -fno-omit-frame-pointer>)
target_link_options(guarita_flags INTERFACE -fuse-ld=lld-19)

if(GUARITA_SANITIZE STREQUAL "address")
  target_compile_options(guarita_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(guarita_flags INTERFACE -fsanitize=address,undefined)
elseif(GUARITA_SANITIZE STREQUAL "thread")
  target_compile_options(guarita_flags INTERFACE -fsanitize=thread)
  target_link_options(guarita_flags INTERFACE -fsanitize=thread)
elseif(GUARITA_SANITIZE)
  message(FATAL_ERROR "GUARITA_SANITIZE is address, thread or empty, not '${GUARITA_SANITIZE}'")
endif()

# Precompiled headers, one per layer: a module reuses the smallest that holds what it includes.
function(guarita_pch name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/pch/${name}.cc)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "// carries the precompiled header ${name}\n")
  endif()
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE guarita_flags ${ARG_LIBS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

set(std_headers <algorithm> <array> <atomic> <bit> <chrono> <cstdint> <cstring> <expected>
  <functional> <map> <memory> <mutex> <optional> <ranges> <span> <string> <string_view>
  <thread> <unordered_map> <utility> <variant> <vector>)
guarita_pch(pch_std HEADERS ${std_headers})
guarita_pch(pch_json HEADERS ${std_headers} <boost/json.hpp> LIBS Boost::json)
guarita_pch(pch_asio HEADERS ${std_headers} <boost/asio.hpp> LIBS Boost::headers)
if(GUARITA_TESTS)
  guarita_pch(pch_test HEADERS ${std_headers} <gtest/gtest.h> LIBS GTest::gtest)
  target_compile_options(pch_test PRIVATE ${GUARITA_TEST_OPTIONS})
endif()

# guarita_module(NAME [PCH pch_std] SOURCES … LIBS … TESTS … [TEST_LIBS …])
function(guarita_module name)
  cmake_parse_arguments(ARG "" "PCH" "SOURCES;LIBS;TESTS;TEST_LIBS" ${ARGN})
  if(NOT ARG_PCH)
    set(ARG_PCH pch_std)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC guarita_flags ${ARG_LIBS})
  target_precompile_headers(${name} REUSE_FROM ${ARG_PCH})
  if(GUARITA_TESTS AND ARG_TESTS)
    add_executable(${name}_test ${ARG_TESTS})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARG_TEST_LIBS} GTest::gtest GTest::gtest_main)
    target_precompile_headers(${name}_test REUSE_FROM pch_test)
    target_compile_options(${name}_test PRIVATE ${GUARITA_TEST_OPTIONS})
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(${name}_test PRIVATE GUARITA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()
endfunction()
