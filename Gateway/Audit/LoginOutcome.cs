using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Audit;

/// <summary>What became of a login, as the audit log has it.</summary>
internal static class LoginOutcome
{
    /// <summary>Why it was not granted; <c>null</c> when it was.</summary>
    public static string? ReasonOf(LoginResult result) => result.Status switch
    {
        LoginStatus.Granted => null,
        LoginStatus.Throttled => $"limited: {result.Message}",
        LoginStatus.Unavailable =>
            $"undecided: {(result.Message.Length > 0 ? result.Message : "the client disconnected, or the cluster does not respond")}",
        _ => result.Reason ?? result.Message,
    };

    /// <summary>The status of its answer.</summary>
    public static int StatusOf(LoginStatus status) => status switch
    {
        LoginStatus.Granted => 200, LoginStatus.Rejected => 401, LoginStatus.Throttled => 429, LoginStatus.Unavailable => 503, _ => 400,
    };
}
