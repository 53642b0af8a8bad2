using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Credentials, codes and guesses that strangers invent fill no memory and are in nobody's way.</summary>
[Collection(AloneCollection.Name)]
public sealed class HostileLoginMemoryTests(ITestOutputHelper output)
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";

    private static readonly string Deep = string.Join('/', Enumerable.Repeat("a", 100));

    [Fact]
    public async Task They_are_refused_and_leave_nothing()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.ContentType = TestImage.OciManifest;
            return context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(Manifest)).AsTask();
        });
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var stranger = door.Client();
        var token = await stranger.Token(RegistryClient.Pull("a/b"));

        // Invented refresh tokens, codes of devices and of users.
        await Flat(door, [400, 401, 429], i => HostileCrowd.Post(door, "grant_type=refresh_token&service=127.0.0.1&refresh_token=" +
            $"rpr_{Base64($"staff\nsession\nnobody-{i}-{new string('x', 200)}")}.{new string('A', 43)}"));
        await Flat(door, [400, 429], i => HostileCrowd.Post(door, "grant_type=urn:ietf:params:oauth:grant-type:device_code&" +
            $"device_code={Code(i)}.{new string('A', 43)}"));
        await Flat(door, [200, 400, 404, 429], i => HostileCrowd.Get(door, $"/login/device?user_code={Code(i)}"));

        // Tokens of this door with another signature, answers of providers that nobody asked, and what waits for documents of machines.
        await Flat(door, [401], i => HostileCrowd.Get(door, "/v2/a/b/manifests/v1",
            $"Authorization: Bearer {token[..^40]}{$"{i:x8}".PadLeft(40, 'A')}"));
        await Flat(door, [400, 401, 404, 429], i => HostileCrowd.Get(door, $"/login/callback?state={i}-{new string('s', 500)}&code=c{i}"));
        await Flat(door, [200, 400, 404, 429], i => HostileCrowd.Get(door, $"/token/nonce?x={i}"));

        // Names of a hundred parts before rules of several **.
        await Flat(door, [200], i => HostileCrowd.Get(door, $"/token?scope=repository:{Deep}/b{i}:pull"));

        // Passwords last, which are checked slowly for those who are let through.
        await Flat(door, [401, 429], i => HostileCrowd.Post(door,
            $"grant_type=password&service=127.0.0.1&username=user-{i}-{new string('u', 100)}&password=x"), isCheap: false);
        await Flat(door, [401, 429], i => HostileCrowd.Get(door, "/v2/", $"Authorization: Basic {Base64($"bob:{i}", isOfUrl: false)}"),
            isCheap: false);
    }

    private Task Flat(FrontDoor door, int[] expected, Func<int, string> request, bool isCheap = true) =>
        new HostileCrowd(door, output) { Requests = Sizes.Of(1000, 20_000), IsCheap = isCheap }
            .Flat(expected, request);

    private static string Code(int number)
    {
        var rest = (number * 7919L) + 12_345_678_901;
        var letters = new char[8];
        for (var i = 0; i < letters.Length; i++, rest /= Letters.Length)
        {
            letters[i] = Letters[(int)(rest % Letters.Length)];
        }

        return $"{new string(letters[..4])}-{new string(letters[4..])}";
    }

    private static string Base64(string text, bool isOfUrl = true) => isOfUrl
        ? System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text)) : Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Yaml(string upstream) => $$"""
        admin: { token: { value: "an-admin-token-that-nobody-guesses" } }
        upstreams:
          local: { url: "{{upstream}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          sso: { type: oidc, issuer: "{{upstream}}", audience: x, allowAnySubject: true, allowPrivate: true, clientId: x }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, sso]
            routes:
              - { prefix: "", upstream: local }
            access:
              - { name: deep, who: [anonymous], repositories: ["**/a/**/a/**/a/**/c", "a/**/a/**/a/**/**/d"], actions: [pull] }
              - { name: everybody, who: [anonymous], repositories: ["a/b"], actions: [pull] }
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull] }
        """;
}
