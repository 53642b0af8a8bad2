using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>Ends connections whose time is over.</summary>
internal static class ConnectionDeadline
{
    /// <summary>Aborts the connection when the token is cancelled, until the registration is disposed of.</summary>
    public static CancellationTokenRegistration AbortOn(this ConnectionContext connection, string why, CancellationToken cancellation)
    {
        var reason = new ConnectionAbortedException(why);
        return cancellation.UnsafeRegister(_ => connection.Abort(reason), null);
    }
}
