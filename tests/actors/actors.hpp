#pragma once
// The actors, each a small misbehaviour (or a decent behaviour) that tests put under `once`.
// actor.cpp holds the table of their names; what they do stands in a file per theme.

#include "stage.hpp"

namespace once::test {

// ports.cpp: who holds a port, and how
int listen_until_ended(const Arguments& words);
int listen_on_both_families(const Arguments& words);
int listen_and_run(const Arguments& words);
int listen_and_stop_slowly(const Arguments& words);
int ignore_term(const Arguments& words);
int bind_only(const Arguments& words);
int connect_from(const Arguments& words);
int share_socket(const Arguments& words);
int listen_until_signal(const Arguments& words);
int answer_http(const Arguments& words);

// families.cpp: what is left behind
int fork_and_leave(const Arguments& words);
int escape_session(const Arguments& words);
int escape_session_and_exit(const Arguments& words);
int escape_keeping_stdio(const Arguments& words);
int escape_keeping_stdio_and_exit(const Arguments& words);
int fork_chain(const Arguments& words);
int fill_memory(const Arguments& words);
int grow_tree(const Arguments& words);
int keep_zombie(const Arguments& words);

// signals.cpp: what arrives, and how it ends
int print_signals(const Arguments& words);
int relay_signals(const Arguments& words);
int exit_with(const Arguments& words);
int die_of(const Arguments& words);
int stop_itself(const Arguments& words);
int crash_supervisor(const Arguments& words);

// inheritance.cpp: what a program was given
int print_environment(const Arguments& words);
int print_descriptors(const Arguments& words);
int print_dispositions(const Arguments& words);
int print_relations(const Arguments& words);
int copy_stdin(const Arguments& words);
int read_line(const Arguments& words);
int hold_terminal(const Arguments& words);
int hold_lock(const Arguments& words);
int hold_lock_briefly(const Arguments& words);

}  // namespace once::test
