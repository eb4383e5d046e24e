#pragma once
// Twenty launches at once. Each job takes a lock that proves that it is the only one; a second job
// would say so and exit with 99.

#include <string>
#include <vector>

#include "scenario.hpp"

namespace once::test {

constexpr int crowd_size = 20;

/// A launch has begun, for sure, when once has blocked its signals; or it has ended already.
bool has_begun(const Running& launch);
void wait_until_all_have_begun(const std::vector<Running>& launches);

/// Launches that have all been started, but wait for a gun: a FIFO that nobody writes to yet.
class Crowd {
public:
    /// A launch for each of these command lines, which are there but have yet to go.
    Crowd(Scenario& scene, const std::vector<std::string>& commands);
    /// Twenty times `once OPTIONS -- JOB`, all of which have begun.
    Crowd(Scenario& scene, const std::string& options, const std::string& job);
    ~Crowd();
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    /// They go; and those who come to the gun later find it fired, for as long as this lives.
    void fire();
    void wait_until_begun() const { wait_until_all_have_begun(launches); }

    int ended() const;
    int with_output(const char* text) const;

    /// The one that is left when all others have ended, once its job runs.
    Running winner() const;

    std::vector<Running> launches;

private:
    std::string gun_;
    int fired_ = -1;
};

}  // namespace once::test
