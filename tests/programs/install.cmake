# Installs the programs of package-lock.json into FOLDER, if they are not there yet. Where that
# cannot be done it leaves the reason in FOLDER/missing.txt: the tests are then skipped, and say why.
#   cmake -D SOURCE=… -D FOLDER=… -P install.cmake

file(SHA256 ${SOURCE}/package-lock.json wanted)
set(stamp ${FOLDER}/installed.txt)
if(EXISTS ${stamp})
    file(READ ${stamp} installed)
    if(installed STREQUAL wanted)
        return()
    endif()
endif()

function(give_up reason)
    file(WRITE ${FOLDER}/missing.txt "${reason}")
    message("the programs are not installed, because ${reason}")
endfunction()

file(MAKE_DIRECTORY ${FOLDER})
file(REMOVE ${stamp} ${FOLDER}/missing.txt)
foreach(program node npm)
    find_program(path_of_${program} ${program})
    if(NOT path_of_${program})
        give_up("there is no ${program}")
        return()
    endif()
endforeach()
configure_file(${SOURCE}/package.json ${FOLDER}/package.json COPYONLY)
configure_file(${SOURCE}/package-lock.json ${FOLDER}/package-lock.json COPYONLY)
execute_process(COMMAND ${path_of_npm} ci --ignore-scripts --no-audit --no-fund --no-update-notifier
        --fetch-retries 1 --fetch-retry-mintimeout 1000
    WORKING_DIRECTORY ${FOLDER} RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE words)
if(NOT result EQUAL 0)
    string(REGEX MATCH "npm error [^\n]*" first_error "${words}")
    give_up("npm ci failed (${result}): ${first_error}")
    return()
endif()
# What says that it needs another node than this one (Debian 12 has 18) is not tested with it.
string(REGEX MATCHALL "EBADENGINE +package: '[^\n]*" unsupported "${words}")
string(REGEX REPLACE "EBADENGINE +package: '(@?[^@]*)@[^;]*" "\\1" unsupported "${unsupported}")
string(REPLACE ";" "\n" unsupported "${unsupported}")
file(WRITE ${FOLDER}/unsupported.txt "\n${unsupported}\n")
file(WRITE ${stamp} ${wanted})
