using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace RegistryProxy.Egress;

/// <summary>
/// Asks a proxy for a tunnel to one target. Whatever is spoken in it begins with this side, so that nothing may come behind the proxy's
/// reply.
/// </summary>
internal sealed class ProxyTunnel(TimeProvider time)
{
    /// <summary>The longest header of a proxy's reply, in bytes.</summary>
    public const int MaxReply = 16 * 1024;

    /// <summary>How long it may take until the tunnel is there: the connection to the proxy and its reply.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    public static ProxyTunnel System { get; } = new(TimeProvider.System);

    private static ReadOnlySpan<byte> Version => "HTTP/1."u8;

    /// <param name="proxy">The proxy; its address is the operator's and may be private.</param>
    /// <param name="host">A name, or an address without brackets.</param>
    /// <param name="port">The port.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="ProxyException">There is none.</exception>
    public async Task<Stream> Open(ProxySettings proxy, string host, int port, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        Stream? stream = null;
        try
        {
            stream = await Reach(proxy, either.Token);
            var target = host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}";
            await stream.WriteAsync(Request(proxy, target), either.Token);
            ThrowIfRefused(proxy, target, await Reply(proxy, stream, either.Token));
            (var tunnel, stream) = (stream, null);
            return tunnel;
        }
        catch (OperationCanceledException fault) when (!cancellation.IsCancellationRequested)
        {
            throw Failed(proxy, $"does not answer CONNECT within {Limit.TotalSeconds} s", fault);
        }
        catch (Exception fault) when (fault is (IOException and not ProxyException) or SocketException or AuthenticationException)
        {
            throw Failed(proxy, $"cannot be used: {ExchangeFault.Of(fault).Reason}", fault);
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private static async Task<Stream> Reach(ProxySettings proxy, CancellationToken cancellation)
    {
        var stream = await VettedConnector.Connect(
            new DnsEndPoint(proxy.Url.IdnHost, proxy.Url.Port), allowPrivate: true, [], cancellation);
        if (proxy.Url.Scheme != Uri.UriSchemeHttps)
        {
            return stream;
        }

        var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = proxy.Url.IdnHost, CertificateChainPolicy = ServerTrust.Policy(),
                    RemoteCertificateValidationCallback = ServerTrust.System.Validate,
                },
                cancellation);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static byte[] Request(ProxySettings proxy, string target)
    {
        var authorization = proxy.Username is { } user
            ? $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{proxy.Password?.Reveal()}"))}\r\n"
            : "";
        return Encoding.ASCII.GetBytes($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: registryproxy\r\n{authorization}\r\n");
    }

    /// <summary>
    /// The status of the reply, whose header is all there and has nothing behind it where it makes a tunnel. Interim replies may come
    /// before it (RFC 9110 §15.2).
    /// </summary>
    private static async Task<int> Reply(ProxySettings proxy, Stream stream, CancellationToken cancellation)
    {
        var buffer = new byte[MaxReply];
        for (var length = 0; ;)
        {
            if (EndOf(proxy, buffer.AsSpan(0, length)) is { } end)
            {
                var status = StatusOf(buffer) ?? throw Failed(proxy, "sends something that is not HTTP");
                if (status >= 200)
                {
                    return status < 300 && length > end ? throw Failed(proxy, "sends bytes after its reply to CONNECT") : status;
                }

                buffer.AsSpan(end, length -= end).CopyTo(buffer);
                continue;
            }

            var read = length == buffer.Length ? throw Failed(proxy, $"answers CONNECT with a header of more than {MaxReply >> 10} KiB")
                : await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            length += read > 0 ? read : throw Failed(proxy, "closes the connection without an answer to CONNECT");
        }
    }

    /// <summary>The length of the header of a reply; <c>null</c> while it is not all there.</summary>
    private static int? EndOf(ProxySettings proxy, ReadOnlySpan<byte> reply) =>
        !reply.StartsWith(Version[..Math.Min(reply.Length, Version.Length)]) ? throw Failed(proxy, "sends something that is not HTTP")
        : reply.IndexOf("\r\n\r\n"u8) is >= 0 and var end ? end + 4
        : null;

    /// <summary>Of <c>HTTP/1.1 200 …</c>.</summary>
    private static int? StatusOf(ReadOnlySpan<byte> reply) =>
        reply[8] == ' ' && reply[12] is (byte)' ' or (byte)'\r'
        && int.TryParse(reply[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status >= 100
            ? status
            : null;

    private static void ThrowIfRefused(ProxySettings proxy, string target, int status)
    {
        switch (status)
        {
            case >= 200 and < 300:
                return;
            case 407:
                var keys = proxy.Source == "HTTPS_PROXY"
                    ? "egress.proxy.username and egress.proxy.password, or USER:PASSWORD@ in HTTPS_PROXY"
                    : $"{proxy.Source}.username and {proxy.Source}.password";
                var what = proxy.Username is null ? "requires a user name and a password" : "refuses the user name or the password";
                throw Failed(proxy, $"{what} (407): set {keys}", $"{what} (407): proxy.username and proxy.password", isLasting: true);
            case 401 or 403 or 405:
                throw Failed(proxy, $"does not let us out to {target} ({status}): its rules must allow CONNECT to that",
                    $"does not let us out to it ({status})", isLasting: true);
            case 502 or 503 or 504:
                throw new ProxyException($"the proxy {proxy.Name} cannot reach {target} ({status})",
                    $"the proxy cannot reach it ({status})") { IsOfTarget = true };
            default:
                throw Failed(proxy, $"answers CONNECT {target} with {status}", $"answers {status}");
        }
    }

    private static ProxyException Failed(ProxySettings proxy, string what, Exception fault) =>
        new($"the proxy {proxy.Name} ({proxy.Source}) {what}", "the proxy sent an invalid response", fault);

    private static ProxyException Failed(ProxySettings proxy, string what, string? summary = null, bool isLasting = false) =>
        new($"the proxy {proxy.Name} ({proxy.Source}) {what}", $"the proxy {summary ?? what}") { IsLasting = isLasting };
}
