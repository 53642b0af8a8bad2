using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Upstreams.Principals;
using RegistryProxy.Grains.Upstreams.StoredState;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Grains;

/// <summary>What the version before has stored is read: its types are repeated here as they were.</summary>
public sealed class StoredFormatTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Serializer Serializer = new ServiceCollection().AddSerializer().BuildServiceProvider()
        .GetRequiredService<Serializer>();

    [Fact]
    public void Sessions()
    {
        var session = new StoredSession("s", "hash", "stamp", Now, Now.AddDays(1), "127.0.0.1");
        var read = Read<FormerSessions, SessionState>(new FormerSessions { Generation = 7, Sessions = [session] });
        Assert.Equal((7, session, 0), (read.Generation, Assert.Single(read.Sessions), read.Pages.Count));
        var summary = new SessionSummary("s", "staff", "alice", true, Now, Now.AddDays(1), "127.0.0.1");
        Assert.Equal(summary, Read<FormerIndex, SessionIndex>(new FormerIndex { Sessions = { ["s"] = summary } }).Sessions["s"]);
    }

    [Fact]
    public void Keys_and_revisions()
    {
        var (active, next) = (new KeyEntry("a", "material", Now), new KeyEntry("n", "material", Now));
        var ring = Read<FormerRing, KeyRing>(
            new FormerRing { Active = active, Next = next, RotateAt = Now, UploadKeys = [next], Retired = [active] });
        Assert.Equal((active, next, Now, active, next), (ring.Active, ring.Next, ring.RotateAt, ring.Retired[0], ring.UploadKeys[0]));
        Assert.Equal("c", Read<FormerRevision, RevisionState>(
            new FormerRevision { Followed = new ClusterRevision(3, "c", new Secret("text")) }).Followed!.Content);
    }

    [Fact]
    public void Instances_and_what_upstreams_gave()
    {
        var attestation = Read<FormerAttestation, Attestation>(new FormerAttestation { NonceHash = "hash", PendingTime = Now });
        Assert.Equal(("hash", Now, Now + Attestation.MaxAge + Attestation.Margin),
            (attestation.NonceHash, attestation.PendingTime, attestation.KeepUntil));
        var token = Read<FormerToken, StoredToken>(
            new FormerToken { Authorization = new Secret("t"), Generation = 3, Expires = Now, Stamp = "stamp" });
        Assert.Equal(("t", 3, Now, "stamp"), (token.Authorization!.Reveal(), token.Generation, token.Expires, token.Stamp));
        Assert.Equal("key", Read<FormerStamp, StampKey>(new FormerStamp { Value = new Secret("key") }).Value!.Reveal());
        Assert.Equal("key", Read<FormerSecrets, StoredSecrets>(new FormerSecrets { StampKey = new Secret("key") }).StampKey.Reveal());
    }

    private static TNow Read<TFormer, TNow>(TFormer former) => Serializer.Deserialize<TNow>(Serializer.SerializeToArray(former))!;
}

[GenerateSerializer]
internal sealed class FormerSessions
{
    [Id(0)]
    public long Generation { get; set; } = 1;

    [Id(1)]
    public List<StoredSession> Sessions { get; set; } = [];

    [Id(2)]
    public RegistryProxy.Grains.Identity.VerifiedIdentity? Identity { get; set; }
}

[GenerateSerializer]
internal sealed class FormerIndex
{
    [Id(0)]
    public Dictionary<string, SessionSummary> Sessions { get; set; } = [];
}

[GenerateSerializer]
internal sealed class FormerRing
{
    [Id(0)]
    public List<KeyEntry> Retired { get; set; } = [];

    [Id(1)]
    public KeyEntry? Active { get; set; }

    [Id(2)]
    public KeyEntry? Next { get; set; }

    [Id(3)]
    public DateTimeOffset RotateAt { get; set; }

    [Id(4)]
    public List<KeyEntry> UploadKeys { get; set; } = [];
}

[GenerateSerializer]
internal sealed class FormerRevision
{
    [Id(0)]
    public ClusterRevision? Followed { get; set; }
}

[GenerateSerializer]
internal sealed class FormerAttestation
{
    [Id(0)]
    public string? NonceHash { get; set; }

    [Id(1)]
    public DateTimeOffset PendingTime { get; set; }
}

[GenerateSerializer]
internal sealed class FormerToken
{
    [Id(0)]
    public Secret? Authorization { get; set; }

    [Id(1)]
    public long Generation { get; set; }

    [Id(2)]
    public DateTimeOffset RefreshAfter { get; set; }

    [Id(3)]
    public DateTimeOffset Expires { get; set; }

    [Id(4)]
    public string Stamp { get; set; } = "";

    [Id(5)]
    public long SecretVersion { get; set; }
}

[GenerateSerializer]
internal sealed class FormerStamp
{
    [Id(0)]
    public Secret? Value { get; set; }
}

[GenerateSerializer]
internal sealed class FormerSecrets
{
    [Id(0)]
    public Secret StampKey { get; set; } = new("");

    [Id(1)]
    public Dictionary<string, StoredSecret> Secrets { get; set; } = [];
}
