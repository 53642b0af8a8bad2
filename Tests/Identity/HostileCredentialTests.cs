using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Login;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>
/// Whatever a stranger shows as a credential is refused: no authenticator throws at it, and none says that it cannot be decided.
/// </summary>
public sealed class HostileCredentialTests : IDisposable
{
    private static readonly X509Certificate2 Forger = SignedDocuments.SelfSigned("metadata.azure.com");

    private readonly AuthenticatorLab _authenticators = new();

    /// <summary>What stands inside base64url, or in its place.</summary>
    private static string[] Texts =>
    [
        "", "{}", "[]", "null", "1", "\"\"", "{", "\0", "\u007f", new string('[', 20_000), new string(
            '{', 200), "{\"rsa2048\":\"\\ud800\",\"nonce\":\"x\"}",
        "{\"rsa2048\":\"x\",\"nonce\":\"\\udfff\"}", "{\"signature\":\"\\ud800\",\"nonce\":\"\\ud800\"}",
        "{\"\\ud800\":1,\"signature\":\"x\",\"nonce\":\"x\"}",
        "{\"rsa2048\":null,\"nonce\":[]}", "{\"rsa2048\":\"MAA=\",\"nonce\":\"x\"}", "{\"signature\":\"MAA=\",\"nonce\":\"x\"}",
        "{\"signature\":\"MIAGCSqGSIb3DQEHAqCAMIACAQExADAA\",\"nonce\":\"x\"}",
        "{\"rsa2048\":\"MIAGCSqGSIb3DQEHAqCAMIACAQExADAA\",\"nonce\":\"x\"}",
        Presigned("99991231T235959Z", "900"), Presigned("99991231T235959Z", "1"), Presigned("00010101T000000Z", "900"), Presigned(
            "99999999T999999Z", "900"),
        Presigned("00000000T000000Z", "1"), Presigned(
            "20260231T000000Z", "900"), "https://sts.amazonaws.com/?%", "https://sts.amazonaws.com/?a=%ED%A0%80",
        Jwt("{\"alg\":\"RS256\",\"kid\":\"\\ud800\"}", "{}"), Jwt("{\"alg\":\"\\ud800\"}", "{}"), Jwt(
            "{\"alg\":\"RS256\"}", "{\"exp\":1e400}"),
        Jwt("{\"alg\":\"RS256\"}", "{\"exp\":\"\\ud800\",\"iss\":\"\\ud800\"}"), Jwt(
            "{\"alg\":\"RS256\"}", "{\"exp\":-9223372036854775808,\"nbf\":9223372036854775807}"),
        Jwt("{\"alg\":\"RS256\"}", "{\"exp\":99999999999999999999,\"aud\":{}}"), Jwt("[]", "[]"), Jwt(
            "{\"alg\":7,\"kid\":[],\"x5c\":[\"%\"],\"crit\":{}}", "1"), "..", ".", "a.b.c.d.e",
        "\ud800", "\ud800.\ud800.\ud800",
    ];

    public void Dispose() => _authenticators.Dispose();

    [Fact]
    public async Task Texts_that_nobody_can_read_are_refused()
    {
        await using var issuer = await TestIssuer.Start();
        await using var sts = await StsServer.Start();
        foreach (var authenticator in await All(issuer, sts))
        {
            foreach (var text in Texts.SelectMany(
                text => new[] { text, Base64UrlEncoder.Encode(text), text + "=", Base64UrlEncoder.Encode(text) + "==" }))
            {
                var verdict = await Verify(authenticator, text);
                Assert.True(verdict.Kind == VerdictKind.Refused, $"{authenticator.GetType().Name} {verdict}: {text}");
            }
        }

        Assert.Equal(0, sts.Calls);
        Assert.All(Texts, text => Assert.False(
            RefreshToken.TryParse(new Secret(text), out _) || RefreshToken.TryParse(new Secret("rpr_" + text), out _)
                || DeviceCode.TryParse(new Secret(text), out _)));
    }

    [Fact]
    public async Task Messages_with_certificates_that_are_none_are_refused()
    {
        var azure = Azure();
        var good = Convert.FromBase64String(SignedDocuments.Sign("{}", Forger, embed: true));
        var at = good.AsSpan().IndexOf(Forger.RawData);
        foreach (var fill in new byte[] { 0, 0x30, 0x80, 0xff, 0x05 })
        {
            foreach (var from in new[] { 4, 8, 20, 60, Forger.RawData.Length / 2 })
            {
                var junk = (byte[])good.Clone();
                junk.AsSpan(at + from, Forger.RawData.Length - from).Fill(fill);
                Assert.Equal(VerdictKind.Refused, (await Show(azure, Convert.ToBase64String(junk))).Kind);
            }
        }
    }

    [Fact]
    public async Task Certificates_with_names_that_are_none_are_refused()
    {
        var azure = Azure();
        byte[][] names = [[], [0], [0x30], [0x30, 0x82, 0xff], [0x30, 3, 0x82, 5, 0x61], [0x30, 2, 0x82, 0], [0x30, 4, 0x82, 2, 0xff, 0xfe],
            [0x30, 2, 0xa0, 0], [0x30, 3, 0x87, 1, 1], [0x04, 0]];
        foreach (var name in names)
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=metadata.azure.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509Extension(new Oid("2.5.29.17"), name, false));
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            Assert.Equal(VerdictKind.Refused, (await Show(azure, SignedDocuments.Sign("{}", certificate, embed: true))).Kind);
        }
    }

    [Fact]
    public async Task Good_credentials_with_some_octets_changed_are_refused()
    {
        await using var issuer = await TestIssuer.Start();
        await using var sts = await StsServer.Start();
        var (aws, azure) = (Convert.FromBase64String(InstanceDocumentTests.Iid()),
            Convert.FromBase64String(InstanceDocumentTests.Attested("x", Forger)));
        var url = AwsSignature.Presign(StsServer.Host, StsServer.AccessKey, "another", DateTimeOffset.UtcNow, "here");
        var token = issuer.Sign(
            new Dictionary<string, object>
            {
                ["iss"] = issuer.Url, ["aud"] = "other", ["sub"] = "x", ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300
            });
        var all = await All(issuer, sts);
        var random = new Random(7);
        for (var i = 0; i < Sizes.Of(300, 100_000); i++)
        {
            string[] shown =
            [
                Base64UrlEncoder.Encode($$"""{"rsa2048":"{{Convert.ToBase64String(Changed(aws, random))}}","nonce":"x"}"""),
                Base64UrlEncoder.Encode($$"""{"signature":"{{Convert.ToBase64String(Changed(azure, random))}}","nonce":"x"}"""),
                Base64UrlEncoder.Encode(Changed(Encoding.UTF8.GetBytes(url), random)),
                string.Join('.', token.Split('.')
                    .Select(part => Base64UrlEncoder.Encode(Changed(Base64UrlEncoder.DecodeBytes(part), random)))),
            ];
            for (var each = 0; each < all.Count; each++)
            {
                Assert.Equal(VerdictKind.Refused, (await Verify(all[each], shown[each])).Kind);
            }
        }
    }

    private static byte[] Changed(byte[] good, Random random)
    {
        var octets = (byte[])good.Clone();
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            octets[random.Next(octets.Length)] = (byte)random.Next(256);
        }

        return random.Next(5) == 0 ? octets[..random.Next(octets.Length)] : octets;
    }

    private async Task<List<ITokenAuthenticator>> All(TestIssuer issuer, StsServer sts)
    {
        var oidc = Create(
            $"{{ type: oidc, issuer: \"{issuer.Url}\", audience: registryproxy, require: {{ hd: acme.example }}, allowPrivate: true }}");
        await Eventually.True(
            async () => (await Verify(oidc, issuer.Sign(new Dictionary<string, object> { ["iss"] = "x" }))).Kind == VerdictKind.Refused,
            "it has the keys of its issuer");
        return
        [
            Aws(), Azure(),
            Create($"{{ type: aws-sts, accounts: [\"000000000000\"], serverId: here, endpoint: \"{sts.Url}\", allowPrivate: true }}"), oidc,
        ];
    }

    private ITokenAuthenticator Aws()
    {
        Write("aws", InstanceDocumentTests.Region);
        return Create("{ type: aws-iid, accounts: [\"000000000000\"], certificates: aws }");
    }

    private ITokenAuthenticator Azure()
    {
        Write("azure", InstanceDocumentTests.Root);
        return Create("{ type: azure-attested, subscriptions: [\"00000000-0000-0000-0000-000000000000\"], roots: azure }");
    }

    private void Write(string folder, X509Certificate2 certificate)
    {
        Directory.CreateDirectory(_authenticators.PathOf(folder));
        _authenticators.Write($"{folder}/it.pem", certificate.ExportCertificatePem());
    }

    private ITokenAuthenticator Create(string yaml) => (ITokenAuthenticator)_authenticators.Create(yaml);

    private static Task<Verdict> Show(ITokenAuthenticator azure, string message) =>
        Verify(azure, Base64UrlEncoder.Encode($$"""{"signature":"{{message.ReplaceLineEndings("")}}","nonce":"x"}"""));

    private static async Task<Verdict> Verify(ITokenAuthenticator authenticator, string text) =>
        await authenticator.Verify(new PresentedCredential("acme", new Secret(text)), TestContext.Current.CancellationToken);

    private static string Presigned(string date, string expires) =>
        "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + $"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date={date}&X-Amz-Expires={expires}"
        + $"&X-Amz-SignedHeaders=host%3Bx-registryproxy-server-id&X-Amz-Signature={new string('a', 64)}";

    private static string Jwt(string header, string payload) =>
        $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(payload)}.{Base64UrlEncoder.Encode("x")}";
}
