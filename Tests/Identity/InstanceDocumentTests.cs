using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Signed documents of instances: AWS instance identity documents and Azure attested data, with nonces of the cluster.</summary>
public sealed class InstanceDocumentTests
{
    internal static readonly X509Certificate2 Region = SignedDocuments.SelfSigned("ec2.eu-west-1");
    internal static readonly X509Certificate2 Root = SignedDocuments.SelfSigned("root", authority: true);
    internal static readonly X509Certificate2 Intermediate = SignedDocuments.SignedBy(Root, "intermediate", null);
    private static readonly X509Certificate2 Metadata = SignedDocuments.SignedBy(
        Intermediate, "metadata", "metadata.azure.com", TimeSpan.FromDays(200));

    private const string Yaml = """
        upstreams:
          up: { url: "https://registry.example" }
        authenticators:
          legacy: { type: aws-iid, accounts: ["123456789012"], regions: [eu-west-1], certificates: aws, maxAge: 30d }
          azure: { type: azure-attested, subscriptions: ["8d10da13-8125-4ba9-a717-bf7490507b3d"], roots: azure }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [legacy, azure]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: nodes, who: ["authenticator:legacy", "authenticator:azure"], repositories: ["**"], actions: [pull] }]
        """;

    [Fact]
    public async Task An_aws_instance_is_bound_to_the_nonce_of_its_first_document_until_it_is_freed()
    {
        await using var cluster = await Start();
        var nonce = await Nonce(cluster, "legacy");
        var document = Iid();
        Assert.Equal(LoginStatus.Granted, (await Aws(cluster, document, nonce)).Status);
        Assert.Equal(LoginStatus.Granted, (await Aws(cluster, document, nonce)).Status);
        Assert.Contains("bound to another", (await Aws(cluster, document, await Nonce(cluster, "legacy"))).Message);
        Assert.Equal(LoginStatus.Granted, (await Aws(cluster, Iid(started: DateTimeOffset.UtcNow.AddMinutes(-1)), nonce)).Status);
        Assert.Contains("later document", (await Aws(cluster, document, nonce)).Message);
        Assert.True(await cluster.Operators.Call<IAttestationResetGrain, bool>("acme/legacy/i-0123456789abcdef0", grain => grain.Reset()));
        Assert.Contains("fresh nonce", (await Aws(cluster, document, nonce)).Message);
        Assert.Equal(LoginStatus.Granted, (await Aws(cluster, document, await Nonce(cluster, "legacy"))).Status);
    }

    [Fact]
    public async Task No_aws_document_with_anything_wrong_is_taken()
    {
        await using var cluster = await Start();
        using var forger = SignedDocuments.SelfSigned("ec2.eu-west-1");
        using var weak = SignedDocuments.SelfSigned("weak", bits: 1024);
        var good = Iid();
        var flipped = Convert.FromBase64String(good);
        flipped[^10] ^= 1;
        var inside = Convert.FromBase64String(good);
        inside[inside.AsSpan().IndexOf("123456789012"u8)] = (byte)'9';
        string[] hostile =
        [
            SignedDocuments.Sign(Document(), forger, embed: false), SignedDocuments.Sign(
                Document(), forger, embed: true), SignedDocuments.Sign(Document(), Region, embed: true),
            SignedDocuments.Sign(Document(), weak, embed: false), SignedDocuments.Sign(
                Document(), Region, embed: false, digest: "1.3.14.3.2.26"),
            Convert.ToBase64String(flipped), Convert.ToBase64String(inside), Iid(account: "999999999999"), Iid(region: "us-east-1"),
            Iid(started: DateTimeOffset.UtcNow.AddDays(-31)),
            Iid(started: DateTimeOffset.UtcNow.AddMinutes(10)), Iid(instance: ""), SignedDocuments.Sign(
                "{}", Region, embed: false), SignedDocuments.Sign("[]", Region, embed: false),
            SignedDocuments.Sign("not json", Region, embed: false), Document(), "", "AAAA", "%%%",
        ];
        foreach (var document in hostile)
        {
            var result = await Aws(cluster, document, await Nonce(cluster, "legacy"));
            Assert.Equal(LoginStatus.Rejected, result.Status);
        }

        foreach (var nonce in new[] { "", "0123456789abcdef0123456789abcdef", await Nonce(cluster, "azure"), new string('a', 65) })
        {
            Assert.Equal(LoginStatus.Rejected, (await Aws(cluster, good, nonce)).Status);
        }
    }

    [Fact]
    public async Task An_azure_document_counts_once_for_the_nonce_that_it_was_asked_with()
    {
        await using var cluster = await Start();
        var nonce = await Nonce(cluster, "azure");
        var document = Attested(nonce);
        Assert.Equal(LoginStatus.Granted, (await Azure(cluster, document, nonce)).Status);
        Assert.Equal(LoginStatus.Rejected, (await Azure(cluster, document, nonce)).Status);
    }

    [Fact]
    public async Task No_azure_document_with_anything_wrong_is_taken()
    {
        await using var cluster = await Start();
        using var elsewhere = SignedDocuments.SelfSigned("root", authority: true);
        using var stranger = SignedDocuments.SignedBy(elsewhere, "metadata", "metadata.azure.com", TimeSpan.FromDays(100));
        using var wrongName = SignedDocuments.SignedBy(Intermediate, "evil", "metadata.azure.com.evil.example", TimeSpan.FromDays(100));
        using var noName = SignedDocuments.SignedBy(Intermediate, "metadata.azure.com", "x.example", TimeSpan.FromDays(100));
        using var expired = SignedDocuments.SignedBy(Intermediate, "metadata", "metadata.azure.com", TimeSpan.FromDays(-1));
        Func<string, string>[] hostile =
        [
            nonce => Attested(nonce, signer: stranger), nonce => Attested(nonce, signer: wrongName),
            nonce => Attested(nonce, signer: noName), nonce => Attested(nonce, signer: expired),
            nonce => SignedDocuments.Sign(Data(nonce), stranger, embed: true, others: Metadata),
            nonce => SignedDocuments.Sign(Data(nonce), stranger, embed: false, others: Metadata),
            nonce => SignedDocuments.Sign(Data(nonce), Metadata, embed: false),
            nonce => SignedDocuments.Sign(Data(nonce), Metadata, embed: true, digest: "1.3.14.3.2.26"),
            nonce => Attested("0123456789abcdef0123456789abcdef"), nonce => Attested(""),
            nonce => Attested(nonce, subscription: "00000000-0000-0000-0000-000000000000"),
            nonce => Attested(nonce, machine: ""), nonce => Attested(nonce, created: DateTimeOffset.UtcNow.AddHours(-8)),
            nonce => Attested(nonce, created: DateTimeOffset.UtcNow.AddHours(1)),
            nonce => SignedDocuments.Sign("{}", Metadata, embed: true), nonce => SignedDocuments.Sign("x", Metadata, embed: true),
            nonce => Data(nonce), nonce => "",
        ];
        foreach (var make in hostile)
        {
            var nonce = await Nonce(cluster, "azure");
            Assert.Equal(LoginStatus.Rejected, (await Azure(cluster, make(nonce), nonce)).Status);
        }

        foreach (var nonce in new[] { "0123456789abcdef0123456789abcdef", await Nonce(cluster, "legacy"), "" })
        {
            Assert.Equal(LoginStatus.Rejected, (await Azure(cluster, Attested(nonce), nonce)).Status);
        }
    }

    [Fact]
    public async Task A_nonce_is_good_for_a_minute()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var cluster = await Start(time);
        var nonce = await Nonce(cluster, "azure");
        time.Advance(TimeSpan.FromSeconds(62));
        Assert.Equal(LoginStatus.Rejected, (await Azure(cluster, Attested(nonce), nonce)).Status);
        Assert.Null(await cluster.Client.GetGrain<ILoginGrain>(0).CreateNonce("acme", "nobody"));
    }

    private static Task<GrainCluster> Start(TimeProvider? time = null) => GrainCluster.Start(Yaml, time: time, prepare: folder =>
    {
        Directory.CreateDirectory(folder.File("aws"));
        Directory.CreateDirectory(folder.File("azure"));
        folder.Write("aws/eu-west-1.pem", Region.ExportCertificatePem());
        folder.Write("azure/root.pem", Root.ExportCertificatePem());
        folder.Write("azure/intermediate.pem", Intermediate.ExportCertificatePem());
    });

    private static async Task<string> Nonce(GrainCluster cluster, string authenticator) =>
        (await cluster.Client.GetGrain<ILoginGrain>(0).CreateNonce("acme", authenticator))!;

    private static Task<LoginResult> Aws(GrainCluster cluster, string rsa2048, string nonce) =>
        Login(cluster, "legacy", new { rsa2048, nonce });

    private static Task<LoginResult> Azure(GrainCluster cluster, string signature, string nonce) =>
        Login(cluster, "azure", new { signature, nonce });

    private static async Task<LoginResult> Login(GrainCluster cluster, string authenticator, object credential) =>
        await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme",
            Service = "here",
            Credentials = new LoginCredentials(
                LoginCredentialsKind.Assertion, authenticator, new Secret(Base64UrlEncoder.Encode(JsonSerializer.Serialize(credential)))),
        });

    internal static string Iid(string account = "123456789012", string region = "eu-west-1", DateTimeOffset? started = null,
        string instance = "i-0123456789abcdef0") =>
        SignedDocuments.Sign(Document(account, region, started, instance), Region, embed: false);

    private static string Document(string account = "123456789012", string region = "eu-west-1", DateTimeOffset? started = null,
        string instance = "i-0123456789abcdef0") =>
        JsonSerializer.Serialize(new
        {
            accountId = account, region, instanceId = instance, availabilityZone = region + "a", instanceType = "t3.micro",
            imageId = "ami-1", architecture = "x86_64",
            pendingTime = $"{started ?? DateTimeOffset.UtcNow.AddHours(-1):yyyy-MM-dd'T'HH:mm:ss'Z'}", version = "2017-09-30",
            privateIp = "10.0.0.1", kernelId = (string?)null,
        });

    internal static string Attested(
        string nonce, X509Certificate2? signer = null, string subscription = "8d10da13-8125-4ba9-a717-bf7490507b3d",
        string machine = "02aab8a4-74ef-476e-8182-f6d2ba4166a6", DateTimeOffset? created = null) =>
        SignedDocuments.Sign(Data(nonce, subscription, machine, created), signer ?? Metadata, embed: true);

    private static string Data(
        string nonce, string subscription = "8d10da13-8125-4ba9-a717-bf7490507b3d", string machine = "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
        DateTimeOffset? created = null)
    {
        var from = created ?? DateTimeOffset.UtcNow;
        return JsonSerializer.Serialize(new
        {
            nonce, vmId = machine, subscriptionId = subscription, sku = "x", plan = new { name = "", product = "", publisher = "" },
            timeStamp = new { createdOn = $"{from:MM/dd/yy HH:mm:ss} -0000", expiresOn = $"{from.AddHours(6):MM/dd/yy HH:mm:ss} -0000" },
        });
    }
}
