#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json_writer.hpp"
#include "catch.hpp"

using once::JsonWriter;
using Json = nlohmann::ordered_json;

TEST_CASE("objects, arrays and all kinds of values are written in the order they are told",
          "[json]") {
    JsonWriter json;
    json.open('{');
    json.key("none").open('[');
    json.close(']');
    json.key("some").open('[');
    json.value(-1);
    json.value(std::uint16_t{8001});
    json.open('{');
    json.close('}');
    json.value("{");
    json.value("x");
    json.close(']');
    json.key("yes").value(true);
    json.key("no").value(false);
    json.close('}');
    CHECK(json.text() == R"({"none":[],"some":[-1,8001,{},"{","x"],"yes":true,"no":false})");
}

TEST_CASE("every byte of a text is read again as it was written", "[json]") {
    std::string text;
    for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
    text += "größer…";
    JsonWriter json;
    json.value(text);
    CHECK(Json::parse(json.text()).get<std::string>() == text);
    CHECK(json.text().find('\n') == std::string::npos);
}

TEST_CASE("the least and the greatest numbers are read again as they were written", "[json]") {
    const auto least = std::numeric_limits<std::int64_t>::min();
    const auto greatest = std::numeric_limits<std::uint64_t>::max();
    JsonWriter json;
    json.open('[');
    json.value(least);
    json.value(greatest);
    json.close(']');
    CHECK(Json::parse(json.text()) == Json::array({least, greatest}));
}
