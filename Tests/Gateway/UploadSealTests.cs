using System.Security.Cryptography;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

public sealed class UploadSealTests
{
    private static readonly UploadBinding Mine = new("acme", "acme/staff/alice", RepositoryName.Parse("team/app"), "local", At("https://up.example"));
    private static readonly UploadState State = new(OriginForm.Of("/v2/app/blobs/uploads/1?_state=abc%3D"), 42);

    [Fact]
    public void What_was_sealed_opens_for_the_same_binding()
    {
        var seal = new UploadSeal([Key(1)]);
        Assert.Equal(State, seal.Open(seal.Seal(State, Mine), Mine));
    }

    [Fact]
    public void A_text_of_the_first_version_is_read()
    {
        var seal = new AuthenticatedSeal([new byte[32], [.. Enumerable.Range(0, 32).Select(number => (byte)number)]]);
        Assert.True(seal.TryOpen("AAECAwQFBgcICQoLJGO4erec4nTrYfarwowZAbKPfFQAFnPyEpe_VR5-gJI", "bound to this"u8, out var plain));
        Assert.Equal("canary of a seal"u8, plain);
    }

    [Fact]
    public void Nobody_else_opens_it()
    {
        var seal = new UploadSeal([Key(1)]);
        var id = seal.Seal(State, Mine);
        Assert.Null(seal.Open(id, Mine with { Tenant = "other" }));
        Assert.Null(seal.Open(id, Mine with { Owner = "acme/staff/bob" }));
        Assert.Null(seal.Open(id, Mine with { Owner = "" }));
        Assert.Null(seal.Open(id, Mine with { Repository = RepositoryName.Parse("team/other") }));
        Assert.Null(seal.Open(id, Mine with { Upstream = "other" }));
        Assert.Null(seal.Open(id, Mine with { Origin = At("https://moved.example") }));
        Assert.Null(seal.Open(id, Mine with { Origin = At("http://up.example") }));
        Assert.Null(seal.Open(id, Mine with { Origin = At("https://up.example:444") }));
        Assert.Equal(State, seal.Open(id, Mine with { Origin = At("https://UP.example:443/") }));
    }

    [Fact]
    public void What_a_former_version_sealed_opens()
    {
        var key = new byte[32];
        var id = new AuthenticatedSeal([key]).Seal("""{"l":"/v2/app/blobs/uploads/1?_state=abc%3D","o":42}"""u8, Mine.Bytes());
        Assert.Equal(State, new UploadSeal([new Secret(Convert.ToBase64String(key))]).Open(id, Mine));
    }

    private static HttpOrigin At(string address) => HttpOrigin.Of(new Uri(address));

    [Fact]
    public void A_changed_id_does_not_open()
    {
        var seal = new UploadSeal([Key(1)]);
        var id = seal.Seal(State, Mine);
        for (var i = 0; i < id.Length; i++)
        {
            Assert.Null(seal.Open(id[..i] + (id[i] == 'A' ? 'B' : 'A') + id[(i + 1)..], Mine));
            Assert.Null(seal.Open(id[..i], Mine));
        }
    }

    [Fact]
    public void A_rotated_key_still_opens_and_a_dropped_one_does_not()
    {
        var id = new UploadSeal([Key(1)]).Seal(State, Mine);
        Assert.Equal(State, new UploadSeal([Key(2), Key(1)]).Open(id, Mine));
        Assert.Null(new UploadSeal([Key(2)]).Open(id, Mine));
    }

    [Fact]
    public void The_id_shows_nothing_of_the_upstream()
    {
        var id = new UploadSeal([Key(1)]).Seal(State, Mine);
        Assert.DoesNotContain("_state", id);
        Assert.True(DistributionPath.TryParse($"/v2/team/app/blobs/uploads/{id}", out _, out _));
    }

    private static Secret Key(byte seed) => new(Convert.ToBase64String(SHA256.HashData([seed])));
}
