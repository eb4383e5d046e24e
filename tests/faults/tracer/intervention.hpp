#pragma once
// What the tracer shall do, as words of its command line:
//
//     tracer FD CALLER ACTION ROLE PLACE ARGUMENT -- COMMAND [ARG]...
//
// It runs COMMAND, does one thing to it at the PLACE-th system call of the processes that play
// ROLE, and lets go of all. FD is where it reports, and closes when it is done:
//
//     hit NUMBER COUNT start|main   the thing was done, at this call, which has so many errors to
//                                   choose from, and comes before main() or after its beginning
//     miss TOTAL                    they made fewer calls: this many
//
// Roles go by descent: with CALLER `-` the command is `once`; else the command is the `caller`, and
// its child in the background is `once`. A child of `once` is the `keeper`, one of the keeper the
// `launcher`, until it executes something: then it is let go.

#include <sys/types.h>

#include <string>
#include <vector>

namespace once::test {

enum class Role { caller, once, keeper, launcher };

struct Intervention {
    enum class Action {
        none,         ///< count
        kill_before,  ///< SIGKILL at the entry of the call, which is not made
        kill_after,   ///< SIGKILL when the call has taken effect, before its caller hears of it
        fail          ///< the call is not made, and answers with the errno of this index
    };
    Action action = Action::none;
    Role role = Role::once;
    int place = 1;
    std::vector<Role> victims = {};  ///< whom to kill
    std::size_t error = 0;           ///< an index into the errors of the call
};

Intervention parse_intervention(const std::vector<std::string>& words);
std::vector<std::string> to_words(const Intervention& wish);

const char* name_of(Role role);

}  // namespace once::test
