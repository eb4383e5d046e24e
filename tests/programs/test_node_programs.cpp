// Development servers of the node world, each started as people start it.

#include "catch.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const Program npm_start = {.command = {"npm", "start"}, .needs = {"pnpm"}, .interrupts = 1};
const Program pnpm_start = {
    .command = {"node_modules/.bin/pnpm", "start"}, .needs = {"pnpm"}, .interrupts = 1};
const Program npm_tsx = {.command = {"npm", "run", "dev"}, .needs = {"tsx"}, .interrupts = 2};
const Program pnpm_tsx = {
    .command = {"node_modules/.bin/pnpm", "dev"}, .needs = {"pnpm", "tsx"}, .interrupts = 2};
const Program node_watch = {
    .command = {"node", "--watch", "server.mjs"}, .needs = {"tsx"}, .interrupts = 2};
const Program vite = {.command = {"npm", "run", "vite"}, .needs = {"vite"}};
const Program nodemon = {
    .command = {"npm", "run", "nodemon"}, .needs = {"nodemon"}, .interrupts = 3};
const Program concurrently = {
    .command = {"npm", "run", "concurrently"}, .needs = {"concurrently"}, .interrupts = 2};
const Program run_p = {.command = {"npm", "run", "run-p"},
                       .needs = {"npm-run-all2"},
                       .interrupts = 1,
                       .ends_early = true};
const Program next = {.command = {"npm", "run", "next"}, .needs = {"next"}, .leaves_daemon = true};
const Program turbo = {
    .command = {"npm", "run", "dev"}, .needs = {"turbo"}, .project = "turbo", .interrupts = 1};

}  // namespace

TEST_CASE("a server below npm gets one INT at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(npm_start);
}
TEST_CASE("a server below pnpm gets one INT at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(pnpm_start);
}

TEST_CASE("npm run dev with tsx watch is wholly ended", "[programs]") { check_life(npm_tsx); }
TEST_CASE("npm run dev with tsx watch stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(npm_tsx);
}

TEST_CASE("pnpm dev with tsx watch is wholly ended", "[programs]") { check_life(pnpm_tsx); }
TEST_CASE("pnpm dev with tsx watch stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(pnpm_tsx);
}

TEST_CASE("node --watch is wholly ended", "[programs]") { check_life(node_watch); }
TEST_CASE("node --watch stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(node_watch);
}

TEST_CASE("vite is wholly ended", "[programs]") { check_life(vite); }
TEST_CASE("vite stops in order at a Ctrl-C", "[programs][terminal]") { check_ctrl_c(vite); }

TEST_CASE("nodemon is wholly ended", "[programs]") { check_life(nodemon); }
TEST_CASE("nodemon stops in order at a Ctrl-C", "[programs][terminal]") { check_ctrl_c(nodemon); }

TEST_CASE("next dev is wholly ended", "[programs]") { check_life(next); }
TEST_CASE("next dev stops in order at a Ctrl-C", "[programs][terminal]") { check_ctrl_c(next); }

TEST_CASE("concurrently with two servers is wholly ended", "[programs]") {
    check_life(concurrently);
}
TEST_CASE("concurrently with two servers stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(concurrently);
}

TEST_CASE("run-p with two servers is wholly ended", "[programs]") { check_life(run_p); }
TEST_CASE("run-p with two servers stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(run_p);
}

TEST_CASE("turbo run dev is wholly ended", "[programs]") { check_life(turbo); }
TEST_CASE("turbo run dev stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(turbo);
}
