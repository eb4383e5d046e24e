#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "catch.hpp"
#include "child.hpp"
#include "os/events.hpp"
#include "os/names.hpp"

using namespace once::test;
using once::Clock;
using Caught = once::os::Catch;
using once::os::Events;
using once::os::NameLookup;
using Addresses = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

constexpr int token = 5;

// A PATH in which `getent` is this script, or is not there at all.
class OwnGetent {
public:
    explicit OwnGetent(const std::string& script) {
        if (!script.empty()) {
            put_text(folder_.path("getent"), "#!/bin/sh\n" + script + "\n");
            must(chmod(folder_.path("getent").c_str(), 0700) == 0);
        }
        must(setenv("PATH", folder_.path().c_str(), 1) == 0);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }

private:
    OwnFolder folder_;
};

void settle(Events& events, NameLookup& lookup) {
    events.watch(lookup.handle(), token);
    while (!lookup.is_done()) {
        const auto event = events.next(Clock::now() + 20s);
        must(!std::holds_alternative<once::os::TimeUp>(event));
        if (std::holds_alternative<once::os::Ready>(event)) lookup.on_ready();
    }
}

bool has_no_children() { return waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

void check_story(const Child::Story& story) {
    Child actor(story);
    CHECK(actor.reap() == once::Ending::exited(0));
}

}  // namespace

TEST_CASE("numeric addresses and localhost are known without asking anybody") {
    check_story([](Line&) {
        const OwnGetent none("");
        must(NameLookup("127.0.0.1").addresses() == Addresses{"127.0.0.1"});
        must(NameLookup("::1").addresses() == Addresses{"::1"});
        must(NameLookup("fe80::1%eth0").addresses() == Addresses{"fe80::1%eth0"});
        for (const char* name : {"localhost", "LocalHost", "api.localhost"}) {
            const NameLookup lookup(name);
            must(lookup.is_done());
            must(lookup.addresses() == Addresses{"::1", "127.0.0.1"});
        }
        return 0;
    });
}

TEST_CASE("another name is what getent says, each address once") {
    check_story([](Line&) {
        const OwnGetent getent(
            "echo \"$*\" >${0%/*}/asked\n"
            "echo '10.0.0.2    STREAM db'\necho '10.0.0.2    DGRAM'\n"
            "echo 'fe80::1%eth0    STREAM'\necho 'nonsense'");
        Events events(Caught::usual);
        NameLookup lookup("db.example.com");
        must(!lookup.is_done());
        settle(events, lookup);
        must(lookup.addresses() == Addresses{"10.0.0.2", "fe80::1%eth0"});
        must(text_of(getent.path("asked")) == "ahosts db.example.com\n");
        must(has_no_children());
        return 0;
    });
}

TEST_CASE("the real getent finds the name of this machine's own hosts file") {
    if (access("/usr/bin/getent", X_OK) != 0) return;
    check_story([](Line&) {
        Events events(Caught::usual);
        NameLookup lookup("127.1");  // no form of ours, and no server is asked for it
        settle(events, lookup);
        must(lookup.addresses() == Addresses{"127.0.0.1"});
        return 0;
    });
}

TEST_CASE("a host that getent does not know is none") {
    check_story([](Line&) {
        const OwnGetent getent("exit 2");
        Events events(Caught::usual);
        NameLookup lookup("nowhere");
        settle(events, lookup);
        must(lookup.addresses().empty());
        must(lookup.why() == "there is no such host");
        must(has_no_children());
        return 0;
    });
}

TEST_CASE("where there is no getent that is said") {
    check_story([](Line&) {
        const OwnGetent none("");
        Events events(Caught::usual);
        NameLookup lookup("nowhere");
        settle(events, lookup);
        must(lookup.why().find("no getent") != std::string::npos);
        must(has_no_children());
        return 0;
    });
}

TEST_CASE("a host is never an option of getent") {
    check_story([](Line&) {
        const OwnGetent getent("echo 10.0.0.1");
        const NameLookup lookup("-s");
        must(lookup.is_done());
        must(lookup.addresses().empty());
        must(has_no_children());
        return 0;
    });
}

TEST_CASE("a getent that hangs is killed and reaped when nobody waits for it any more") {
    check_story([](Line&) {
        const OwnGetent getent("kill -STOP $$");
        Events events(Caught::usual);
        {
            NameLookup lookup("slow");
            siginfo_t info{};
            must(waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT) == 0);
            lookup.on_ready();
            must(!lookup.is_done());
        }
        must(has_no_children());
        return 0;
    });
}

TEST_CASE("a getent without end is cut short") {
    check_story([](Line&) {
        const OwnGetent getent("while :; do echo 10.0.0.1 STREAM; done");
        Events events(Caught::usual);
        NameLookup lookup("endless");
        settle(events, lookup);
        must(lookup.addresses() == Addresses{"10.0.0.1"});
        must(has_no_children());
        return 0;
    });
}

TEST_CASE("a getent has the signals of a fresh program, and nothing to read") {
    check_story([](Line&) {
        const OwnGetent getent(
            "read line && echo 10.0.0.9; while read key value; do\n"
            "case $key in SigBlk:) case $value in *[!0]*) ;; *) echo 10.0.0.1 ;; esac ;; esac\n"
            "done < /proc/$$/status");
        Events events(Caught::usual);
        NameLookup lookup("host");
        settle(events, lookup);
        must(lookup.addresses() == Addresses{"10.0.0.1"});
        return 0;
    });
}
