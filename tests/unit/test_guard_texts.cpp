#include <set>
#include <string>

#include "catch.hpp"
#include "claim/guard.hpp"

using namespace once::claim;

namespace {

const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string user_manager = "0::/user.slice/user-1000.slice/user@1000.service";

}  // namespace

TEST_CASE("a systemd service is found in the text of a control group") {
    CHECK(unit_in("0::/system.slice/app.service\n") == "app.service");
    CHECK(unit_in("0::/system.slice/app.service") == "app.service");
    CHECK(unit_in("0::/system.slice/system-web.slice/web@1.service\n") == "web@1.service");
    CHECK(unit_in(R"(0::/system.slice/my\x2dapp.service)") == R"(my\x2dapp.service)");
    CHECK(unit_in(user_manager + "/app.slice/app.service\n") == "app.service");
    CHECK(unit_in(user_manager + "/session.slice/org.gnome.Shell@x11.service\n") ==
          "org.gnome.Shell@x11.service");
}

TEST_CASE("a service is found in control groups of version 1, in whichever hierarchy") {
    CHECK(unit_in("12:pids:/system.slice/app.service\n"
                  "11:cpu,cpuacct:/\n"
                  "1:name=systemd:/system.slice/app.service\n") == "app.service");
    CHECK(unit_in("12:pids:/\n1:name=systemd:/system.slice/app.service\n0::/\n") == "app.service");
}

TEST_CASE("a service that has control groups of its own is found, too") {
    CHECK(unit_in("0::/system.slice/app.service/workers\n") == "app.service");
    CHECK(unit_in("0::/system.slice/app.service/workers/1\n") == "app.service");
    CHECK(unit_in(user_manager + "/app.slice/app.service/workers\n") == "app.service");
}

TEST_CASE("a login session, a terminal and the manager itself are no service") {
    for (const auto& text :
         {std::string(), std::string("\n"), std::string("0::/\n"), std::string("0::/init.scope\n"),
          std::string("0::/user.slice\n"),
          std::string("0::/user.slice/user-1000.slice/session-2.scope\n"),
          std::string("12:pids:/user.slice/user-1000.slice/session-2.scope\n"
                      "1:name=systemd:/user.slice/user-1000.slice/"
                      "session-2.scope\n"),
          user_manager + "\n", user_manager + "/init.scope\n",
          user_manager + "/app.slice/app-org.gnome.Terminal.slice/"
                         "vte-spawn-0123.scope\n",
          user_manager + "/app.slice/app-konsole-123.scope\n",
          user_manager + "/app.slice/terminal.service/tab-1.scope\n",
          std::string("0::/system.slice/app.service.d\n"), std::string("garbage")}) {
        CAPTURE(text);
        CHECK(unit_in(text).empty());
    }
}

TEST_CASE("a container is found in the text of a control group") {
    for (const auto& text : {
             "0::/system.slice/docker-" + id + ".scope\n",
             "12:pids:/docker/" + id + "\n1:name=systemd:/docker/" + id + "\n",
             "0::/docker/" + id + "\n",
             "0::/machine.slice/libpod-" + id + ".scope/container\n",
             user_manager + "/user.slice/libpod-" + id + ".scope/container\n",
             user_manager + "/app.slice/app.service/libpod-payload-" + id + "\n",
             "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod12_34.slice/"
             "cri-containerd-" +
                 id + ".scope\n",
             "11:cpu:/kubepods/burstable/pod8a6e5c8a-0000-4000-8000-0123456789ab/" + id + "\n",
             "0::/kubepods.slice/crio-" + id + ".scope\n",
         }) {
        CAPTURE(text);
        CHECK(container_in(text) == id);
    }
}

TEST_CASE("the engine itself, a session and a service are no container") {
    for (const auto& text :
         {std::string(), std::string("0::/\n"), std::string("0::/system.slice/docker.service\n"),
          std::string("0::/system.slice/app.service\n"),
          std::string("0::/user.slice/user-1000.slice/session-2.scope\n"),
          "0::/system.slice/" + id + ".scope\n", std::string("0::/system.slice/docker-x.scope\n"),
          std::string("0::/docker/short\n"), std::string("0::/docker/buildx\n")}) {
        CAPTURE(text);
        CHECK(container_in(text).empty());
    }
}

TEST_CASE("a name with quotes in it is one word of the command that is advised") {
    Stranger stranger;
    stranger.sockets.emplace_back();
    const auto advised = [&](Guard::Kind kind, const std::string& name) {
        return advice({kind, name, false}, stranger);
    };
    CHECK(advised(Guard::Kind::pm2, "api").ends_with("pm2 stop api"));
    CHECK(advised(Guard::Kind::pm2, "my api").ends_with("pm2 stop 'my api'"));
    CHECK(advised(Guard::Kind::pm2, "';id;'").ends_with(R"(pm2 stop ''\'';id;'\''')"));
    CHECK(advised(Guard::Kind::unit, "a';id;'.service")
              .ends_with(R"(systemctl stop 'a'\'';id;'\''.service')"));
}

TEST_CASE("each kind of guard has one word of its own") {
    using Kind = Guard::Kind;
    std::set<std::string_view> words;
    constexpr auto last = static_cast<int>(Kind::supervisor);
    for (int kind = 0; kind <= last; ++kind) {
        const auto word = name_of(static_cast<Kind>(kind));
        CAPTURE(kind, word);
        CHECK(words.insert(word).second);
        CHECK_FALSE(word.empty());
        CHECK(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_12") == std::string_view::npos);
    }
    CHECK(name_of(Kind::unit) == "systemd_unit");
    CHECK(name_of(Kind::pm2) == "pm2");
}
