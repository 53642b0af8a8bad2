using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Hostile spellings of paths: none reaches the upstream, none gets a 2xx, a 3xx or a 5xx.</summary>
public sealed class HostilePathTests
{
    private static readonly string[] Pieces =
    [
        "..", ".", "%2e%2e", "%252e%252e", "%2f", "%252f", "%5c", "\\", "", "a;x=1", "A", "Ünïcode", "a%00b", "%c0%af",
        "%e0%80%af", "a+b", "a b",
        "a..b", "-a", "a-", "_a", "a__b__", ".a", "a.", "a___b", "a._b", "~", "*", "a?b#c", "@", "a@b", "a:b", "%", "%zz", "％２ｅ",
        new string('a', 256),
    ];

    private static readonly string[] Shapes =
    [
        "/v2/{0}/manifests/latest", "/v2/team/{0}/manifests/latest", "/v2/{0}/blobs/sha256:" + Hex, "/v2/team/{0}/blobs/sha256:" + Hex,
        "/v2/{0}/tags/list", "/v2/team/app/manifests/{0}/x", "/v2/team/app/blobs/{0}", "/v2/team/app/referrers/{0}",
        "/{0}/v2/team/app/manifests/latest",
        "/v2/team/app/../{0}/manifests/latest", "/v2//{0}/manifests/latest", "//evil.example/v2/{0}/manifests/latest",
        "/v2/%2e%2e/{0}/manifests/latest",
        "/V2/{0}/manifests/latest", "/v2/team/app/manifests/latest/{0}/", "http://evil.example/v2/{0}/manifests/latest",
    ];

    private const string Hex = "c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c";

    [Fact]
    public async Task None_reaches_the_upstream()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        var token = await alice.Token("repository:team/app:pull");
        using (var warm = await alice.GetManifest("team/app", "latest"))
        {
            Assert.True(warm.IsSuccessStatusCode);
        }

        var good = upstream.Requests.Count;
        var targets = Shapes.SelectMany(shape => Pieces.Select(piece => string.Format(shape, piece)))
            .Append("/v2/team/app/manifests/sha256:" + Hex.ToUpperInvariant()).Append("/v2/team/app/manifests/sha256:baddigest")
            .Append("/v2/team/app/blobs/sha512:" + Hex).Append("/v2/team/app/blobs/md5:" + Hex[..32]).ToList();
        Assert.True(targets.Count >= 500, $"{targets.Count}");
        await Parallel.ForEachAsync(targets, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (target, _) =>
        {
            var status = await RawHttp.Status(door.DataUrl, target, token);
            Assert.True(status is 0 or (>= 400 and < 500), $"{target}: {status}");
        });
        Assert.Equal(good, upstream.Requests.Count);
    }
}
