using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Who may read from a gateway: another gateway of the cluster, with a ticket for this blob, for half a minute. Nobody else.
/// </summary>
public sealed class PeerTicketTests
{
    private const string Repository = "team/secret";

    private static readonly TestBlob Blob = TestBlob.Random(410, 300_000);

    [Fact]
    public async Task A_gateway_gives_its_blobs_to_nobody_but_the_gateway_that_has_a_ticket_for_them()
    {
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 2);
        await cluster.Put(Repository, Blob);
        using var alice = cluster.Gateways[0].Client("alice");
        using (var pulled = await alice.GetBlob(Repository, Blob.Digest))
        {
            Assert.Equal(Blob.Bytes, await pulled.Content.ReadAsByteArrayAsync());
        }

        await using var member = await MemberClient.Start(cluster.Doors.Redis, cluster.TlsOf("gateway-1"));
        using var own = cluster.CertificateOf("gateway-1");
        using var others = cluster.CertificateOf("gateway-0");
        var me = new FetchMember("test", new Uri("https://127.0.0.1:1"), MemberCertificates.ThumbprintOf(own));
        var key = await member.KeyOf(Repository, Blob.Digest);
        Assert.Equal(("acme", Repository), (key.Tenant, key.Repository.Value));
        var (holder, ticket) = await TicketFor(member, key, me);
        var (first, second) = (await cluster.Gateways[0].PeerUrl, await cluster.Gateways[1].PeerUrl);
        Assert.Equal(new Uri(first), holder.Address);
        var path = $"/peer/v1/blobs/{Blob.Digest}";

        // With the ticket, the gateway that it was written for.
        Assert.Equal(Blob.Bytes, await Read(first + path, own, ticket));

        // Without one, or with something else.
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(first + path, own, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(first + path, own, "x.y.z"));
        Assert.Equal(HttpStatusCode.Unauthorized,
            await Status(first + path, own, ticket[..^4] + (ticket[^4] == 'A' ? 'B' : 'A') + ticket[^3..]));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(first + path, own, await alice.Token(RegistryClient.Pull(Repository))));

        // With another's: of another gateway, for another blob, at another gateway.
        Assert.Equal(HttpStatusCode.Forbidden, await Status(first + path, others, ticket));
        Assert.Equal(HttpStatusCode.Forbidden, await Status($"{first}/peer/v1/blobs/{TestBlob.Random(411, 10).Digest}", own, ticket));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(second + path, own, ticket));

        // With one for another tenant or repository.
        Assert.Equal(HttpStatusCode.NotFound,
            await Status(first + path, own, await Foreign(member, key with { Tenant = "other" }, holder, me)));
        Assert.Equal(HttpStatusCode.NotFound,
            await Status(first + path, own,
                await Foreign(member, key with { Repository = RepositoryName.Parse("team/open") }, holder, me)));

        // It opens nothing else here, and nothing anywhere else.
        foreach (var elsewhere in new[] { "/", "/livez", "/readyz", "/metrics", "/v2/", $"/v2/{Repository}/blobs/{Blob.Digest}", path + "/",
            path + "?x=1", "/peer/v1/blobs/" })
        {
            Assert.Equal(HttpStatusCode.NotFound, await Status(first + elsewhere, own, ticket));
        }

        Assert.Equal(HttpStatusCode.NotFound, await Status(first + path, own, ticket, HttpMethod.Post));
        Assert.Equal(HttpStatusCode.NotFound, await Status(cluster.Gateways[0].DataUrl + path, null, ticket));
        Assert.Equal(HttpStatusCode.NotFound, await Status(cluster.Gateways[0].AdminUrl + path, null, ticket));
        Assert.Equal(HttpStatusCode.Unauthorized,
            await Status($"{cluster.Gateways[0].DataUrl}/v2/{Repository}/blobs/{Blob.Digest}", null, ticket));

        // Strangers do not even get an answer.
        using var stranger = TestCertificates.ForLocalhost("gateway-1");
        await Assert.ThrowsAsync<HttpRequestException>(() => Status(first + path, stranger, ticket));
        await Assert.ThrowsAsync<HttpRequestException>(() => Status(first + path, null, ticket));
        await Assert.ThrowsAsync<HttpRequestException>(() => Status(first.Replace("https:", "http:") + path, null, ticket));

        // After its life.
        await Eventually.True(async () => await Status(first + path, own, ticket) == HttpStatusCode.Unauthorized, "the ticket is over",
            TimeSpan.FromSeconds(40));
        Assert.Equal(Blob.Bytes, await Read(first + path, own, (await TicketFor(member, key, me)).Ticket));
        Assert.DoesNotContain(ticket, string.Join('\n', cluster.Doors.Processes.Select(process => process.Output)));
    }

    private static async Task<(FetchMember Holder, string Ticket)> TicketFor(MemberClient member, FetchKey key, FetchMember reader)
    {
        var election = await member.Fetch(key).Elect(reader, null);
        return (election.Holder!, election.Ticket!.Reveal());
    }

    /// <summary>A ticket for something that the holder was never asked for.</summary>
    private static async Task<string> Foreign(MemberClient member, FetchKey key, FetchMember holder, FetchMember reader)
    {
        Assert.Null((await member.Fetch(key).Elect(holder, null)).Holder);
        return (await TicketFor(member, key, reader)).Ticket;
    }

    private static async Task<byte[]> Read(string url, X509Certificate2 certificate, string ticket)
    {
        var (status, body) = await Get(url, certificate, ticket);
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }

    private static async Task<HttpStatusCode> Status(
        string url, X509Certificate2? certificate, string? ticket, HttpMethod? method = null) =>
        (await Get(url, certificate, ticket, method)).Status;

    private static async Task<(HttpStatusCode Status, byte[] Body)> Get(
        string url, X509Certificate2? certificate, string? ticket, HttpMethod? method = null)
    {
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        };
        if (certificate is not null)
        {
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, url)
        {
            Version = url.StartsWith("https:", StringComparison.Ordinal) ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Authorization = ticket is null ? null : new AuthenticationHeaderValue("Bearer", ticket);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync());
    }
}
