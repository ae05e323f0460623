# SPDX-License-Identifier: GPL-2.0-or-later
# Toolchain for aarch64 on another machine: -DMEMTRACE_SYSROOT=DIR names a directory with the
# libraries (scripts/sysroot-arm64). Programs of the build itself are this machine's.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MEMTRACE_SYSROOT)
if(NOT MEMTRACE_SYSROOT)
  message(FATAL_ERROR "MEMTRACE_SYSROOT is not set")
endif()
set(CMAKE_SYSROOT ${MEMTRACE_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# The C library's own objects, too, are those of the sysroot, not those that come with the compiler.
add_link_options(-B${MEMTRACE_SYSROOT}/usr/lib/aarch64-linux-gnu)

set(ENV{PKG_CONFIG_SYSROOT_DIR} ${MEMTRACE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
  ${MEMTRACE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${MEMTRACE_SYSROOT}/usr/share/pkgconfig)

# With it, ctest runs the tests on this machine.
find_program(QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${QEMU_AARCH64} -L ${MEMTRACE_SYSROOT})
endif()
