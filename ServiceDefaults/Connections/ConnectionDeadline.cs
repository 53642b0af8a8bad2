using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>Ends connections whose time is over.</summary>
public static class ConnectionDeadline
{
    /// <summary>Aborts the connection when the token is cancelled, until the registration is disposed of.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="why">The reason, for the log.</param>
    /// <param name="cancellation">When.</param>
    public static CancellationTokenRegistration AbortOn(this ConnectionContext connection, string why, CancellationToken cancellation)
    {
        var reason = new ConnectionAbortedException(why);
        return cancellation.UnsafeRegister(_ => connection.Abort(reason), null);
    }
}
