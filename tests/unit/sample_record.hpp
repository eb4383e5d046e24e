#pragma once

#include "claim/record.hpp"

namespace once::test {

/// A record with something in every field.
inline claim::Record sample_record() {
    claim::Record record;
    record.job = "0123456789abcdef";
    record.boot = "5c8a0a6e-0000-4000-8000-0123456789ab";
    record.network_namespace = 4026531840;
    record.pid_namespace = 4026531836;
    record.begun = 123'456'789'012'345;
    record.once = {4000, 77};
    record.keeper = {4001, 78};
    record.leader = {4002, 79};
    record.session = 3999;
    record.stdio = {{24, 5}, {24, 6}};
    record.folder = "/home/me/app";
    record.command = {"pnpm", "dev", "", "--host=::1"};
    record.ports = {8001, 65535};
    record.name = "api";
    record.started = 1'700'000'000;
    record.ready_since = 1'700'000'003;
    record.stop_timeout = std::chrono::milliseconds(2500);
    record.pid_file = "/home/me/app.pid";
    record.log = "/home/me/app.log";
    record.starter = {{3999, 12}, "bash", "app.service", "api"};
    record.inherited = {"feedfeedfeedfeed"};
    record.is_stopping = true;
    record.is_backing_off = true;
    record.awaits_ready = true;
    record.can_restart = false;
    record.restarts = 3;
    record.verb = claim::Verb::stop;
    record.changes = {{{{3000, 13}, "zsh", "", ""}, 1'699'999'990},
                      {{{1, 2}, "systemd", "other.service", "web"}, 1'699'999'995}};
    return record;
}

}  // namespace once::test
