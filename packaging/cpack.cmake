# .deb, .rpm and .tar.gz: cmake --workflow --preset package, or package-arm64.

set(CPACK_PACKAGE_NAME once)
set(CPACK_PACKAGE_VENDOR "the once developers")
set(ONCE_CONTACT "the once developers <once@once.invalid>" CACHE STRING "Who answers for the packages")
set(CPACK_PACKAGE_CONTACT ${ONCE_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "run a command as the only one, on a port of its own")
set(CPACK_PACKAGE_DESCRIPTION "Put in front of a development server or a service, once makes sure that exactly
one such command runs, that its port is truly its own, and that nothing of it
is left when it ends. A previous instance is ended and replaced, a stranger on
the port is named with what ends it, and signals, terminals and exit statuses
work as they do without it.")
set(CPACK_PACKAGE_FILE_NAME once-${PROJECT_VERSION}-linux-${ONCE_MACHINE})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Debian wants some things in other places than the rest: stage.cmake sees to that.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/stage.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_PACKAGE_GROUP Development/Tools)
# The program is stripped, and may be for another machine than this one; the same commit makes the same
# package (SOURCE_DATE_EPOCH).
set(CPACK_RPM_SPEC_MORE_DEFINE "%define __os_install_post %{nil}
%define debug_package %{nil}
%define _build_id_links none
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost localhost")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/share/man /usr/share/man/man1)

set(CPACK_GENERATOR DEB TGZ)
find_program(ONCE_RPMBUILD rpmbuild)
if(ONCE_RPMBUILD)
    list(APPEND CPACK_GENERATOR RPM)
else()
    message(STATUS "no rpmbuild: no .rpm will be packed")
endif()
include(CPack)
