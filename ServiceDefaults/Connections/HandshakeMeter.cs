using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>How long handshakes take, by their version of TLS or by why they failed.</summary>
internal sealed partial class HandshakeMeter(IMeterFactory meters, TimeProvider time, ILogger<HandshakeMeter> logger)
{
    private readonly Histogram<double> _duration = meters.Create("RegistryProxy.Listening").CreateHistogram<double>(
        "registryproxy.listen.tls_handshake.duration", "s", "Handshakes of TLS, by version, or by why they failed");

    public void Ended(long began, SslProtocols protocol) => Record(began, new("version", protocol == SslProtocols.Tls13 ? "1.3" : "1.2"));

    public void Failed(long began, bool isLate, ConnectionContext connection, Exception fault) =>
        Failed(began, isLate ? "late" : fault is AuthenticationException ? "refused" : "gone", connection, fault.Message);

    public void Failed(long began, bool isLate, ConnectionContext connection, HelloState hello) =>
        Failed(began, isLate ? "late" : hello == HelloState.Refused ? "refused" : "gone", connection, $"hello {hello}");

    private void Failed(long began, string reason, ConnectionContext connection, string fault)
    {
        Record(began, new("error", reason));
        LogFailed(connection.RemoteEndPoint, reason, fault);
    }

    private void Record(long began, KeyValuePair<string, object?> tag) =>
        _duration.Record(time.GetElapsedTime(began).TotalSeconds, new TagList { tag });

    [LoggerMessage(Level = LogLevel.Debug, Message = "A handshake of {From} failed ({Reason}): {Fault}")]
    private partial void LogFailed(System.Net.EndPoint? from, string reason, string fault);
}
