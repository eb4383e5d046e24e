#include "forcing.hpp"

#include <signal.h>

namespace once::test {

std::string listener(Scenario& scene) { return "actor listen " + std::to_string(scene.port()); }

Command launch_by_force(Scenario& scene) {
    return {"once", "--force", "-p", scene.port(), "--", "touch", "done"};
}

Command stop_by_force(Scenario& scene) { return {"once", "stop", "--force", scene.port()}; }

void end(pid_t pid) {
    REQUIRE(kill(pid, SIGKILL) == 0);
    eventually([&] { return !alive(pid); }, "it is gone");
}

}  // namespace once::test
