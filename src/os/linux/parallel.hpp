#pragma once

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace once::os {

/// Calls `work(first, last, part)` for parts of the range from 0 to `count`, side by side where
/// there is enough to do; `part` numbers them, below `most_parts`. For reading below /proc only:
/// nobody forks meanwhile, and signals are blocked or not as they are for the caller.
constexpr std::size_t most_parts = 8;
template <class Work>
void in_parallel(std::size_t count, const Work& work) {
    constexpr std::size_t worth_a_thread = 64;
    std::size_t parts = std::clamp<std::size_t>(count / worth_a_thread, 1, most_parts);
    if (parts > 1) {
        parts = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, parts);
    }
    std::vector<std::thread> others;
    std::size_t done = 0;
    for (std::size_t part = 0; part + 1 < parts; ++part) {
        const auto last = count * (part + 1) / parts;
        try {
            others.emplace_back([=, &work] { work(done, last, part); });
        } catch (const std::system_error&) {
            break;  // no more threads to be had: the rest is for this one
        }
        done = last;
    }
    work(done, count, parts - 1);
    for (auto& one : others) one.join();
}

}  // namespace once::os
