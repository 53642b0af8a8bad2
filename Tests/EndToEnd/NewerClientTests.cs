using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>podman 5, oras, crane, cosign and umoci over a plain docker-registry: what works, and what refused users are shown.</summary>
public sealed class NewerClientTests(Lab lab)
{
    private const string Wrong = "wrong user name or password";

    [Fact]
    public async Task Oras_pushes_attaches_lists_copies_and_deletes()
    {
        var door = (await lab.Door).Authority;
        using var clients = new NewerClients();
        var file = clients.Write("a.txt", "hello\n");
        Task<ShellResult> Oras(params string[] arguments) => clients.Run("oras", arguments);
        (await Oras(["login", "--plain-http", .. As("bob", "no"), door])).ShouldFail(Wrong);
        (await Oras(["login", "--plain-http", .. As("alice"), door])).ShouldSucceed();
        (await Oras("push", "--plain-http", "--disable-path-validation", $"{door}/team-a/oras:v1", $"{file}:text/plain")).ShouldSucceed();
        (await Oras("attach", "--plain-http", "--disable-path-validation", "--artifact-type", "example/sbom", $"{door}/team-a/oras:v1",
            file)).ShouldSucceed();
        Assert.Contains("example/sbom", (await Oras("discover", "--plain-http", $"{door}/team-a/oras:v1")).Output);
        Assert.Equal("v1", (await Oras("repo", "tags", "--plain-http", "--exclude-digest-tags", $"{door}/team-a/oras")).Output.Trim());
        (await Oras("copy", "--from-plain-http", "--to-plain-http", "-r", $"{door}/team-a/oras:v1", $"{door}/team-a/oras-2:v1"))
            .ShouldSucceed();
        Assert.Contains("example/sbom", (await Oras("discover", "--plain-http", $"{door}/team-a/oras-2:v1")).Output);
        (await Oras("pull", "--plain-http", "--allow-path-traversal", $"{door}/team-a/oras-2:v1", "-o", clients.File("pulled")))
            .ShouldSucceed();
        (await Oras("manifest", "delete", "--plain-http", "-f", $"{door}/team-a/oras-2:v1")).ShouldSucceed();
        (await Oras(["pull", "--plain-http", .. As("carol"), $"{door}/team-a/oras:v1"])).ShouldFail("carol may not pull team-a/oras");
        (await Oras(["push", "--plain-http", "--disable-path-validation", .. As("bob"), $"{door}/team-a/oras:v2", file]))
            .ShouldFail("bob may not push team-a/oras");
    }

    [Fact]
    public async Task Crane_pushes_lists_copies_tags_pulls_and_deletes()
    {
        var door = (await lab.Door).Authority;
        using var clients = new NewerClients();
        var image = TestImage.Build(960, 50_000);
        image.WriteLayout(clients.File("layout"));
        Task<ShellResult> Crane(params string[] arguments) => clients.Run("crane", [.. arguments, "--insecure"]);
        await LogIn(clients, door, "alice");
        (await Crane("push", clients.File("layout"), $"{door}/team-a/crane:v1")).ShouldSucceed();
        Assert.Contains("v1", (await Crane("ls", $"{door}/team-a/crane")).Output);
        Assert.Contains("team-a/crane", (await Crane("catalog", door)).Output);
        var digest = (await Crane("digest", $"{door}/team-a/crane:v1")).Output.Trim();
        (await Crane("copy", $"{door}/team-a/crane:v1", $"{door}/team-a/crane-2:v1")).ShouldSucceed();
        (await Crane("tag", $"{door}/team-a/crane:v1", "v2")).ShouldSucceed();
        (await Crane("pull", $"{door}/team-a/crane:v2", clients.File("crane.tar"))).ShouldSucceed();
        (await Crane("delete", $"{door}/team-a/crane-2@{digest}")).ShouldSucceed();
        await LogIn(clients, door, "carol");
        (await Crane("manifest", $"{door}/team-a/crane:v1")).ShouldFail("DENIED: carol may not pull team-a/crane");
        await LogIn(clients, door, "bob");
        (await Crane("copy", $"{door}/team-a/crane:v1", $"{door}/team-a/crane-3:v1")).ShouldFail("DENIED: bob may not push team-a/crane-3");
        await LogIn(clients, door, "bob", "no");
        (await Crane("manifest", $"{door}/team-a/crane:v1")).ShouldFail($"UNAUTHORIZED: {Wrong}");
    }

    [Fact]
    public async Task Cosign_signs_and_verifies()
    {
        var door = (await lab.Door).Authority;
        using var clients = new NewerClients();
        var (image, other) = (TestImage.Build(961, 50_000), TestImage.Build(962, 50_000));
        using (var alice = (await lab.Door).Client("alice"))
        {
            await alice.PushImage("team-a/signed", "v1", image);
            await alice.PushImage("team-a/unsigned", "v1", other);
        }

        string[] plain = ["--allow-insecure-registry", "--allow-http-registry"];
        var (key, name) = (clients.File("cosign"), $"{door}/team-a/signed@{image.Manifest.Digest}");
        Task<ShellResult> Sign(string what) =>
            clients.Run("cosign", ["sign", .. plain, "--tlog-upload=false", "--key", $"{key}.key", "-y", what]);
        Task<ShellResult> Verify(string what) =>
            clients.Run("cosign", ["verify", .. plain, "--insecure-ignore-tlog", "--key", $"{key}.pub", what]);
        (await clients.Run("cosign", "generate-key-pair", "--output-key-prefix", key)).ShouldSucceed();
        await LogIn(clients, door, "alice");
        (await Sign(name)).ShouldSucceed();
        (await Verify(name)).ShouldSucceed();
        (await Verify($"{door}/team-a/unsigned@{other.Manifest.Digest}")).ShouldFail("no signatures found");
        await LogIn(clients, door, "bob");
        (await Verify(name)).ShouldSucceed();
        (await Sign($"{door}/team-a/unsigned@{other.Manifest.Digest}")).ShouldFail("bob may not push team-a/unsigned");
        await LogIn(clients, door, "carol");
        (await Verify(name)).ShouldFail("carol may not pull team-a/signed");
    }

    [Fact]
    public async Task Podman_logs_in_pushes_pulls_lists_and_logs_out()
    {
        var door = (await lab.Door).Authority;
        using var clients = new NewerClients();
        TestImage.Build(963, 50_000).WriteLayout(clients.File("layout"));
        Task<ShellResult> Podman(params string[] arguments) => clients.Run("podman", arguments);
        string[] plain = ["-q", "--tls-verify=false", "--signature-policy", clients.Policy];
        (await Podman(["login", "--tls-verify=false", .. As("bob", "no"), door])).ShouldFail("invalid username/password");
        (await Podman(["login", "--tls-verify=false", .. As("alice"), door])).ShouldSucceed();
        var id = await Pulled(clients, $"oci:{clients.File("layout")}");
        (await Podman(["push", .. plain, id, $"{door}/team-a/podman:v1"])).ShouldSucceed();
        (await Podman(["push", .. plain, .. Creds("bob"), id, $"{door}/team-a/podman:v2"])).ShouldFail("bob may not push team-a/podman");
        (await Podman("rmi", "-af")).ShouldSucceed();
        (await Podman(["pull", .. plain, $"{door}/team-a/podman:v1"])).ShouldSucceed();
        (await Podman(["pull", .. plain, .. Creds("carol"), $"{door}/team-a/podman:v1"])).ShouldFail("carol may not pull team-a/podman");
        (await Podman(["pull", .. plain, "--creds", "bob:no", $"{door}/team-a/podman:v1"])).ShouldFail(Wrong);
        var tags = await Podman("search", "--tls-verify=false", "--list-tags", $"{door}/team-a/podman");
        Assert.Matches(@"team-a/podman +v1\s", tags.Output);
        (await Podman("logout", door)).ShouldSucceed();
        (await Podman(["pull", .. plain, $"{door}/team-a/podman:v1"])).ShouldFail("requested access to the resource is denied");
    }

    /// <summary>Of the second version of an image 3 of 41 files are new: several ranges in one request bring those.</summary>
    [Theory]
    [InlineData("plain")]
    [InlineData("cached")]
    public async Task Podman_pulls_a_part_of_a_layer(string route)
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(
            (await lab.Registry).Url, extra: "cache: { path: cache }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        using var clients = new NewerClients();
        (await clients.Run("podman", ["login", "--tls-verify=false", .. As("alice"), door.Authority])).ShouldSucceed();
        var (random, content) = (new Random(964), Directory.CreateDirectory(clients.File("content")).FullName);
        File.WriteAllBytes(Path.Combine(content, "large"), Bytes(random, 3_000_000));
        for (var version = 1; version <= 2; version++)
        {
            for (var i = 0; i < (version == 1 ? 40 : 3); i++)
            {
                File.WriteAllBytes(Path.Combine(content, $"f{i}"), Bytes(random, 60_000));
            }

            var id = await Pulled(clients, $"oci:{await Layout(clients, content, $"layout{version}")}:v");
            (await clients.Run("podman", "push", "-q", "--compression-format", "zstd:chunked", "--tls-verify=false", "--signature-policy",
                clients.Policy, id, $"{door.Authority}/{route}/chunked:v{version}")).ShouldSucceed();
        }

        clients.Store("second");
        var first = await Sent(clients, door, $"{route}/chunked:v1", 5_000_000);
        var second = await Sent(clients, door, $"{route}/chunked:v2", 180_000);
        Assert.InRange(second, 180_000, 1_000_000);
        Assert.InRange(first, 5_000_000, 7_000_000);
    }

    /// <summary>The bytes that a pull costs; at least so many come.</summary>
    private static async Task<double> Sent(NewerClients clients, FrontDoor door, string name, double least)
    {
        var before = await door.Metric("registryproxy_gateway_sent_bytes_total");
        (await clients.Run("podman", "pull", "-q", "--tls-verify=false", "--signature-policy", clients.Policy, $"{door.Authority}/{name}"))
            .ShouldSucceed();
        var sent = 0.0;
        await Eventually.True(
            async () => (sent = await door.Metric("registryproxy_gateway_sent_bytes_total") - before) >= least, "it is counted");
        return sent;
    }

    private static async Task<string> Pulled(NewerClients clients, string name)
    {
        var pulled = await clients.Run("podman", "pull", "-q", "--signature-policy", clients.Policy, name);
        pulled.ShouldSucceed();
        return pulled.Output.Trim().Split('\n')[^1];
    }

    private static async Task<string> Layout(NewerClients clients, string content, string name)
    {
        var layout = clients.File(name);
        string[][] steps = [["init", "--layout", layout], ["new", "--image", $"{layout}:v"],
            ["config", "--image", $"{layout}:v", "--os", "linux", "--architecture", "amd64"],
            ["insert", "--rootless", "--image", $"{layout}:v", content, "/content"]];
        foreach (var step in steps)
        {
            (await clients.Run("umoci", step)).ShouldSucceed();
        }

        return layout;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static async Task LogIn(NewerClients clients, string door, string user, string? password = null) =>
        (await clients.Run("crane", ["auth", "login", .. As(user, password), door])).ShouldSucceed();

    private static string[] As(string user, string? password = null) => ["-u", user, "-p", password ?? FrontDoor.PasswordOf(user)];

    private static string[] Creds(string user) => ["--creds", $"{user}:{FrontDoor.PasswordOf(user)}"];
}
