#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/result.hpp"

using pawl::Error;
using pawl::ErrorCode;
using pawl::Result;

TEST_CASE("Result holds a value or an error, never both") {
  Result<std::unique_ptr<int>> value = std::make_unique<int>(7);
  REQUIRE(value.ok());
  CHECK(**value == 7);
  const auto owned = *std::move(value);
  CHECK(*owned == 7);

  const Result<int> error = Error{ErrorCode::in_use, "locked"};
  REQUIRE_FALSE(error.ok());
  CHECK(error.error().code == ErrorCode::in_use);
  CHECK(error.error().text == "locked");

  CHECK(Result<void>{}.ok());
  CHECK_FALSE(Result<void>{Error{ErrorCode::io, "x"}}.ok());
}

TEST_CASE("exit statuses are those of the command contract") {
  CHECK(pawl::exit_status(ErrorCode::usage) == 64);
  CHECK(pawl::exit_status(ErrorCode::bad_pipeline) == 65);
  CHECK(pawl::exit_status(ErrorCode::bad_data) == 65);
  CHECK(pawl::exit_status(ErrorCode::corrupt) == 66);
  CHECK(pawl::exit_status(ErrorCode::io) == 74);
  CHECK(pawl::exit_status(ErrorCode::in_use) == 75);
}
