// SIGKILL to `once`, to its keeper, to what becomes the leader, at each of their system calls.

#include "catch.hpp"
#include "sweeps.hpp"

namespace once::test {

TEST_CASE("nothing of a short job outlives its once or keeper, killed at any call", "[kill]") {
    sample_kills(short_launch());
}

TEST_CASE("nothing of a short job outlives its once and keeper, killed in any order",
          "[.proof][kill]") {
    sweep_kills(short_launch());
}

TEST_CASE("nothing of a server outlives its once or keeper, killed at any call", "[.proof][kill]") {
    sweep_kills(launch());
}

TEST_CASE("a replacing that is cut off at any call leaves one job or none", "[.proof][kill]") {
    sweep_kills(replacing());
}

TEST_CASE("a holder that is killed at any call makes room", "[.proof][kill]") {
    sweep_kills(being_replaced());
}

TEST_CASE("a stop that is cut off at any call leaves a whole job or none", "[.proof][kill]") {
    sweep_kills(stopping());
}

TEST_CASE("a holder that is killed at any call is stopped all the same", "[.proof][kill]") {
    sweep_kills(being_stopped());
}

TEST_CASE("an ending by TERM that is cut off at any call is finished", "[.proof][kill]") {
    sweep_kills(ending_by_term());
}

TEST_CASE("an ending by INT that is cut off at any call is finished", "[.proof][kill]") {
    sweep_kills(ending_by_int());
}

TEST_CASE("a stop --stale that is cut off at any call can be done again", "[.proof][kill]") {
    sweep_kills(stale());
}

TEST_CASE("a launch in the background is whole or nothing, whoever is killed", "[.proof][kill]") {
    sweep_kills(detached());
}

TEST_CASE("a restart that is cut off at any call leaves one job or none", "[.proof][kill]") {
    sweep_kills(restarting());
}

TEST_CASE("a job whose once is killed while it restarts it is gone", "[.proof][kill]") {
    sweep_kills(being_restarted());
}

TEST_CASE("a job that fails is gone when its once or keeper is killed", "[.proof][kill]") {
    sweep_kills(crashing());
}

}  // namespace once::test
