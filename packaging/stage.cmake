# Run by CPack on the files of one package before they are packed: what this kind of package wants to
# have differently.
cmake_minimum_required(VERSION 3.25)

set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
set(doc ${root}/share/doc/once)

# `gzip -n` keeps neither name nor time: the same files make the same package.
function(compress)
    execute_process(COMMAND gzip -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

compress(${root}/share/man/man1/once.1)
if(CPACK_GENERATOR STREQUAL "DEB")
    file(MAKE_DIRECTORY ${root}/share/lintian/overrides)
    file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/debian/lintian-overrides ${root}/share/lintian/overrides/once)
    file(RENAME ${root}/share/zsh/site-functions ${root}/share/zsh/vendor-completions)
    string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # or that of SOURCE_DATE_EPOCH
    configure_file(${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in ${doc}/changelog.Debian @ONLY)
    compress(${doc}/changelog ${doc}/changelog.Debian)
endif()
file(GLOB_RECURSE files ${root}/share/*)
file(CHMOD ${files} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
