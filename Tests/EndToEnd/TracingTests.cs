using System.Text;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Traces as a collector gets them by OTLP.</summary>
public sealed class TracingTests(Lab lab)
{
    [Fact]
    public async Task A_request_is_one_trace_from_the_listener_over_grains_to_the_upstream_and_carries_no_secret()
    {
        var captured = new StringBuilder();
        List<(string Name, IReadOnlyDictionary<string, string> Attributes)> spans = [];
        await using var collector = await RecordingUpstream.Start(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (captured)
            {
                captured.Append(Encoding.Latin1.GetString(body.ToArray()));
                spans.AddRange(context.Request.Path == "/v1/traces" ? OtlpSpans.Of(body.ToArray()) : []);
            }
        });
        var registry = await lab.BasicRegistry;
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(registry.Url,
                $", credentials: {{ type: basic, username: {DockerRegistry.User}, password: {{ value: {DockerRegistry.Password} }} }}"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"));
        using var alice = door.Client("alice");
        using var response = await alice.GetManifest("traced/app", "v1");
        var id = Assert.Single(response.Headers.GetValues("X-Request-Id"));
        await Eventually.True(() => Captured().Contains(id) && Captured().Contains("upstream GET manifest"), "the spans arrive");
        await Eventually.True(
            () => TracesOf("upstream GET").Intersect(TracesOf("credential GET")).Intersect(TracesOf("grain [A-Za-z]+Grain/[A-Za-z]+")).Intersect(
                TracesOf("GET manifest")).Any(),
            "the request to the upstream, the calls of grains and what they asked for a credential are of one trace");
        Assert.Contains("registryproxy-standalone", Captured());
        foreach (var (name, tags) in new[]
        {
            ("^GET manifest$", "tenant upstream"), ("^upstream GET manifest$", "tenant upstream"), ("^credential GET$", "tenant upstream"),
            ("^grain UpstreamTokenGrain/", "tenant upstream"), ("^grain SessionGrain/", "tenant"),
        })
        {
            await Eventually.True(
                () => Spans().Any(span => Regex.IsMatch(span.Name, name)
                    && tags.Split(' ').All(tag => span.Attributes.GetValueOrDefault($"registryproxy.{tag}") is { Length: > 0 })),
                $"{name} has {tags}");
        }

        Assert.All(
            Spans().Where(span => span.Name == "credential GET"),
            span => Assert.Equal("local", span.Attributes["registryproxy.upstream"]));
        Assert.DoesNotContain(Regex.Matches(Captured(), @"\x2A.([A-Za-z ]+Grain/[A-Za-z]+)").Select(match => match.Groups[1].Value),
            name => !name.StartsWith("grain ", StringComparison.Ordinal));
        Assert.Contains(collector.Requests, request => request.Target == "/v1/traces");
        foreach (var secret in new[] { FrontDoor.PasswordOf("alice"), DockerRegistry.Password,
            await alice.Token(Support.Wire.RegistryClient.Pull("traced/app")) })
        {
            Assert.DoesNotContain(secret, Captured());
            Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{DockerRegistry.User}:{secret}")), Captured());
        }

        // A span of OTLP begins with the ids of its trace, its own and its parent's, and flags; its name follows.
        IEnumerable<string> TracesOf(string name) => Regex.Matches(
            Captured(), $@"\x0A\x10(.{{16}})\x12\x08.{{8}}(?:\x22\x08.{{8}})?(?:\x85\x01.{{4}})?\x2A.[^\x00-\x1F]*{name}",
            RegexOptions.Singleline).Select(match => match.Groups[1].Value);

        List<(string Name, IReadOnlyDictionary<string, string> Attributes)> Spans()
        {
            lock (captured)
            {
                return [.. spans];
            }
        }

        string Captured()
        {
            lock (captured)
            {
                return captured.ToString();
            }
        }
    }
}
