#pragma once
// The plays: what `once` can be in the middle of when something happens to it.

#include "trial.hpp"

namespace once::test {

Play short_launch();     ///< a job that ends by itself
Play launch();           ///< a server, then TERM
Play replacing();        ///< the newcomer is watched
Play being_replaced();   ///< the holder
Play stopping();         ///< `once stop`
Play being_stopped();    ///< the holder
Play ending_by_term();   ///< of a job that has to be killed
Play ending_by_int();    ///< likewise
Play stale();            ///< `once stop --stale` after a crash
Play detached();         ///< with --ready and --log
Play restarting();       ///< `once restart`
Play being_restarted();  ///< the holder
Play crashing();         ///< --restart, and a job that fails

}  // namespace once::test
