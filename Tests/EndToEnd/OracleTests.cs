using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Generated requests against an oracle that knows the configuration by heart and nothing of the code.</summary>
public sealed class OracleTests
{
    private const string Digest = "sha256:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c";

    private static readonly string?[] Identities = [null, "alice", "bob", "carol"];
    private static readonly string[] Repositories = ["public/a", "public/deep/a", "team-a/x", "team-a", "team-a-evil/x", "team-b/x",
        "team-b/y/z", "other", "publicx/a"];

    /// <summary>Method, path behind the repository, the action it needs, what a token may carry instead of exactly that action.</summary>
    private static readonly (string Method, string Path, string Action)[] Endpoints =
    [
        ("GET", "/manifests/v1", "pull"), ("HEAD", "/manifests/v1", "pull"), ("PUT", "/manifests/v1", "push"), ("DELETE",
            "/manifests/v1", "delete"),
        ("GET", "/blobs/" + Digest, "pull"), ("HEAD", "/blobs/" + Digest, "pull"), ("DELETE", "/blobs/" + Digest, "delete"),
        ("POST", "/blobs/uploads/", "push"), ("GET", "/tags/list", "pull"), ("GET", "/referrers/" + Digest, "pull"),
        ("POST", "/manifests/v1", ""), ("PATCH", "/blobs/" + Digest, ""), ("PUT", "/tags/list", ""),
    ];

    private static readonly string[] Tokens = ["none", "garbage", "no scope", "pull", "pull,push", "delete", "pull,push,delete",
        "other repository"];

    [Fact]
    public async Task Every_answer_is_the_one_that_the_oracle_expects()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start($$"""
            upstreams: { local: { url: "{{upstream.Url}}", allowPrivate: true } }
            authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { dev: [alice, bob] } } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff]
                routes: [ { prefix: "", upstream: local } ]
                access:
                  - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull] }
                  - { name: dev, who: ["group:dev"], repositories: ["team-a/**"], actions: [pull, push] }
                  - { name: alice, who: ["user:al*"], repositories: ["team-b/*"], actions: [pull, push, delete] }
                  - { name: writers, who: [authenticated], repositories: ["other"], actions: [push] }
            """);
        var random = new Random(Sizes.Full ? 1 : 2);
        var clients = Identities.ToDictionary(identity => identity ?? "", identity => door.Client(identity));
        var cases = Enumerable.Range(0, Sizes.Of(10_000, 50_000))
            .Select(_ => (Identity: Pick(Identities), Repository: Pick(Repositories), Endpoint: Pick(Endpoints), Token: Pick(Tokens)))
            .ToList();
        foreach (var client in clients.Values)
        {
            foreach (var scope in Repositories.SelectMany(repository => Tokens.Select(token => ScopeOf(token, repository)))
                .OfType<string>().Distinct())
            {
                await client.Token(scope);
            }
        }

        var reached = 0;
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (one, _) =>
        {
            var client = clients[one.Identity ?? ""];
            var token = one.Token switch
            {
                "none" => null,
                "garbage" => "a.b.c",
                var kind => await client.Token(ScopeOf(kind, one.Repository)!),
            };
            using var response = await client.Send(new HttpMethod(one.Endpoint.Method), $"/v2/{one.Repository}{one.Endpoint.Path}", token);
            var expected = Expect(one.Identity, one.Repository, one.Endpoint, one.Token);
            var actual = response.IsSuccessStatusCode ? HttpStatusCode.OK : response.StatusCode;
            Assert.True(expected == actual, $"{one}: {actual} instead of {expected}");
            if (response.IsSuccessStatusCode)
            {
                // What this upstream's HEAD does not say, the digest of a tag and the length of a blob, is asked for with GET.
                Interlocked.Add(ref reached, one.Endpoint.Method == "HEAD" ? 2 : 1);
            }
        });
        Assert.Equal(reached, upstream.Requests.Count(request => request.Target != "/v2/"));
        Assert.True(reached > cases.Count / 20, $"only {reached} of {cases.Count} were allowed");

        T Pick<T>(T[] from) => from[random.Next(from.Length)];
    }

    private static HttpStatusCode Expect(
        string? identity, string repository, (string Method, string Path, string Action) endpoint, string token)
    {
        var (rights, action) = (Rights(identity, repository), endpoint.Action);
        if (action.Length == 0)
        {
            return HttpStatusCode.MethodNotAllowed;
        }

        if (token is "none" or "garbage")
        {
            // A token of another service is none, where anybody may pull.
            return token == "garbage" && action == "pull" && Rights(null, repository).Contains("pull") ? HttpStatusCode.OK
                : HttpStatusCode.Unauthorized;
        }

        // Who may only push looks what is there already, with a token for pull as well.
        var looks = endpoint.Method == "HEAD" && !rights.Contains(action) && rights.Contains("push");
        action = looks ? "push" : action;
        if (!rights.Contains(action))
        {
            return identity is null ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden;
        }

        var carried = token is "no scope" or "other repository" ? [] : token.Split(',');
        return carried.Contains(action) || (looks && carried.Contains("pull")) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized;
    }

    private static HashSet<string> Rights(string? identity, string repository)
    {
        HashSet<string> rights = [];
        if (repository.StartsWith("public/", StringComparison.Ordinal))
        {
            rights.Add("pull");
        }

        if (identity is "alice" or "bob" && (repository.StartsWith("team-a/", StringComparison.Ordinal) || repository == "team-a"))
        {
            rights.UnionWith(["pull", "push"]);
        }

        if (identity == "alice" && repository == "team-b/x")
        {
            rights.UnionWith(["pull", "push", "delete"]);
        }

        if (identity is not null && repository == "other")
        {
            rights.Add("push");
        }

        return rights;
    }

    private static string? ScopeOf(string token, string repository) => token switch
    {
        "none" or "garbage" => null,
        "no scope" => "",
        "other repository" => "repository:public/elsewhere:pull",
        var actions => $"repository:{repository}:{actions}",
    };
}
