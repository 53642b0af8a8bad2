using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Listening;

/// <summary>
/// Who is calling, as the documentation has it: the rightmost address of X-Forwarded-For that is no trusted proxy, where a trusted proxy is the
/// peer, and nothing else.
/// </summary>
public sealed class ClientAddressTests
{
    private const string Proxy = "10.0.0.1";

    private static readonly ClientAddress Addresses =
        new([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8:aaaa::/48"), IPNetwork.Parse("fe80::/10")]);

    private static string? Of(string peer, params string[] forwarded) => Addresses.Of(Context(peer, forwarded))?.ToString();

    private static DefaultHttpContext Context(string peer, params string[] forwarded)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Forwarded-For"] = new StringValues(forwarded);
        return context;
    }
}
