// The main() of every test program.

#define CATCH_CONFIG_RUNNER
#include "catch.hpp"
#include "isolation.hpp"

int main(int argc, char** argv) {
    if (const auto status = once::test::enter_isolation(argc, argv)) return *status;
    return Catch::Session().run(argc, argv);
}
