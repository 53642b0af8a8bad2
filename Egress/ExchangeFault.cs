using System.Net.Sockets;
using System.Security.Authentication;

namespace RegistryProxy.Egress;

/// <summary>
/// Why an exchange with a server failed, for operators: what the name server, the socket, TLS or HTTP said. Never an address but that of a
/// proxy.
/// </summary>
/// <param name="Kind">One of <c>name</c>, <c>connect</c>, <c>tls</c>, <c>timeout</c>, <c>closed</c>, <c>http</c>, <c>address</c>,
/// <c>proxy</c>, <c>status</c> and <c>content</c>; a label of metrics.</param>
/// <param name="Reason">In words.</param>
public readonly record struct ExchangeFault(string Kind, string Reason)
{
    /// <summary>No answer within the time for it.</summary>
    public static ExchangeFault Late { get; } = new("timeout", "no answer in time");

    /// <summary>The innermost cause that says something.</summary>
    public static ExchangeFault Of(Exception fault) =>
        Find(fault) ?? new ExchangeFault("closed", $"the connection failed ({fault.GetType().Name})");

    /// <summary>The same; <c>null</c> when none of the causes is one of an exchange: something else says more.</summary>
    public static ExchangeFault? Find(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (Known(cause) is { } known)
            {
                return known;
            }
        }

        return null;
    }

    private static ExchangeFault? Known(Exception fault) => fault switch
    {
        ForbiddenAddressException or WrongOriginException => new("address", fault.Message),
        TooManyLookupsException => new("name", fault.Message),
        ProxyException => new("proxy", fault.Message),
        SocketException socket => Known(socket.SocketErrorCode),
        AuthenticationException { InnerException: null } => new("tls", $"TLS fails: {fault.Message}"),
        AuthenticationException { InnerException: not SocketException } => new("tls", $"TLS fails: {fault.InnerException.Message}"),
        TimeoutException => Late,
        OperationCanceledException { InnerException: null } => Late,
        HttpRequestException { StatusCode: not null, HttpRequestError: HttpRequestError.Unknown } => new("status", fault.Message),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new("http", "what it sends is not HTTP"),
        HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } => new("http", "what it sends is not HTTP"),
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } =>
            new("http", "its response, or the headers of it, are longer than is read"),
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } =>
            new("closed", "it closed the connection before its response was complete"),
        _ => null,
    };

    private static ExchangeFault Known(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => new("connect", "connection refused"),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new("name", "its name does not resolve"),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown =>
            new("connect", "no route to it"),
        SocketError.TimedOut => new("connect", "connection timed out"),

        // Whoever waited for it gave up.
        SocketError.OperationAborted => Late,
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => new("closed", "it closed the connection"),
        _ => new("connect", $"socket error {error}"),
    };
}
