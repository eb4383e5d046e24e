#include <exception>
#include <new>
#include <optional>
#include <string>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "cli/options.hpp"
#include "cli/parse.hpp"
#include "os/machine.hpp"
#include "os/output.hpp"
#include "os/self.hpp"
#include "verbs/logs.hpp"
#include "verbs/restart.hpp"
#include "verbs/run.hpp"
#include "verbs/status.hpp"
#include "verbs/stop.hpp"
#include "verbs/voice.hpp"
#include "verbs/who.hpp"

namespace once {
namespace {

// Every request has its function here.
struct Answer {
    std::uint64_t begun;
    std::optional<verbs::Voice>& voice;

    Ending operator()(const verbs::RunRequest& wish) const {
        if (wish.voice.is_verbose) log::enable(os::stderr_takes_text);
        return verbs::run(wish, voice.emplace(wish.voice), begun);
    }
    Ending operator()(const verbs::StatusRequest& wish) const {
        return verbs::status(wish, voice.emplace(wish.voice));
    }
    Ending operator()(const verbs::StopRequest& wish) const {
        if (wish.voice.is_verbose) log::enable(os::stderr_takes_text);
        return verbs::stop(wish, voice.emplace(wish.voice), begun);
    }
    Ending operator()(const verbs::WhoRequest& wish) const {
        voice.emplace(wish.voice);
        return verbs::who(wish);
    }
    Ending operator()(const verbs::RestartRequest& wish) const {
        return verbs::restart(wish, voice.emplace(wish.voice), begun);
    }
    Ending operator()(const verbs::LogsRequest& wish) const {
        return verbs::logs(wish, voice.emplace(wish.voice));
    }
    Ending operator()(const cli::HelpRequest&) const {
        os::write_out(cli::help_text());
        return Ending::exited(0);
    }
    Ending operator()(const cli::VersionRequest&) const {
        os::write_out("once " ONCE_VERSION "\n");
        return Ending::exited(0);
    }
};

Ending answer(int argc, char** argv) {
    const auto begun = os::boot_clock();
    std::optional<verbs::Voice> voice;
    try {
        return std::visit(Answer{begun, voice}, cli::parse(argc, argv));
    } catch (const Failure& failure) {
        if (!voice) voice.emplace(verbs::VoiceSettings{});
        voice->say_failure(failure.what());
        return failure.ending();
    } catch (const std::bad_alloc&) {
        os::write_error(
            "once: cannot go on: there is no memory left\n");  // which this needs none of
        return Ending::exited(exit_status::failed);
    } catch (const std::exception& failure) {
        // A bug, which must not leave by way of abort() and a core dump either.
        os::write_error(std::string("once: ") + failure.what() + '\n');
        return Ending::exited(exit_status::failed);
    }
}

}  // namespace
}  // namespace once

int main(int argc, char** argv) {
    once::os::reserve_stdio();
    const auto ending = once::answer(argc, argv);
    // The shell around us has to see a death by a signal as one, else its loops go on after a
    // Ctrl-C.
    if (ending.kind == once::Ending::Kind::killed) once::os::die_of(ending.value);
    return ending.value;
}
