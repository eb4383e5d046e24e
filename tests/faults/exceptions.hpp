#pragma once
// What cannot be kept whatever `once` does, each with its reason. All else is a fault of `once`.

#include "trial.hpp"

namespace once::test {

enum class Promise {
    status,  ///< it ends with a documented status
    words,   ///< if it refuses, it says why
    time     ///< the caller of a launch in the background returns when the job is up
};

bool is_excepted(const Trial& trial, const Intervention& wish, Promise promise);

}  // namespace once::test
