#include "stopping.hpp"

namespace once::test {

Command stop_command(const Command& words) {
    Command all{"once", "stop"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

Finished stop(Scenario& scene, const Command& words, const Launch& how) {
    return scene.run(stop_command(words), how);
}

}  // namespace once::test
