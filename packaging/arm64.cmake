# Linux on arm64, built on Debian's amd64: packages g++-aarch64-linux-gnu and those of the libraries,
# of which only the headers are needed. Debian's cross compiler looks for what its own folders do not have
# in /usr/include: that is the libraries, and nothing of this machine's C library.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# The libraries' own descriptions, wherever this machine has them.
file(GLOB folders /usr/lib/*/cmake /usr/lib/cmake /usr/share/cmake)
set(CMAKE_PREFIX_PATH ${folders})
find_program(qemu NAMES qemu-aarch64-static qemu-aarch64)
if(qemu)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${qemu})
endif()
