#pragma once

namespace once::os {

/// Tells the service manager that started us that we are ready, if it has asked to be told
/// (sd_notify(3): $NOTIFY_SOCKET). Harmless where nobody listens.
void notify_ready() noexcept;

}  // namespace once::os
