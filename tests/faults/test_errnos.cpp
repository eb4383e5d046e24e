// Each system call of `once`, of its keeper, of what becomes the leader, failing in each way that
// its man page names: `once` ends in good time, says why, with a status that is documented; or goes
// on.

#include "catch.hpp"
#include "sweeps.hpp"

namespace once::test {

TEST_CASE("a short job: each call may fail in one of its ways", "[errno]") {
    sample_errnos(short_launch());
}

TEST_CASE("a short job: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(short_launch());
}

TEST_CASE("a server: any call may fail in any way", "[.proof][errno]") { sweep_errnos(launch()); }

TEST_CASE("a replacing: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(replacing());
}

TEST_CASE("being replaced: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(being_replaced());
}

TEST_CASE("a stop: any call may fail in any way", "[.proof][errno]") { sweep_errnos(stopping()); }

TEST_CASE("being stopped: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(being_stopped());
}

TEST_CASE("an ending by TERM: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(ending_by_term());
}

TEST_CASE("an ending by INT: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(ending_by_int());
}

TEST_CASE("a stop --stale: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(stale());
}

TEST_CASE("a launch in the background: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(detached());
}

TEST_CASE("a restart: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(restarting());
}

TEST_CASE("being restarted: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(being_restarted());
}

TEST_CASE("a job that fails: any call may fail in any way", "[.proof][errno]") {
    sweep_errnos(crashing());
}

}  // namespace once::test
