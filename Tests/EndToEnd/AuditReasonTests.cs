using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Why somebody was refused, and who it was as far as that was proved, stands in the audit log.</summary>
public sealed class AuditReasonTests
{
    [Fact]
    public async Task Every_refusal_says_why_and_of_whom()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : 403;
            return Task.CompletedTask;
        });
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(upstream.Url, extra: $"audit: {{ file: {file} }}")
            .Replace("routes:", "limits: { perIdentity: { requestsPerSecond: 20 } }\n    routes:"));
        using var bob = door.Client("bob");
        using var nobody = door.Client();
        (await bob.GetManifest("a/b", "v1")).Dispose();
        (await bob.Do(HttpMethod.Delete, $"/v2/a/b/manifests/sha256:{new string('0', 64)}", "repository:a/b:delete")).Dispose();
        var token = await bob.Token(RegistryClient.Pull("a/b"));
        (await bob.Send(HttpMethod.Get, "/v2/c/d/manifests/v1", token)).Dispose();
        (await bob.Send(HttpMethod.Get, "/v2/a/b/manifests/v1", token[..^4] + "AAAA")).Dispose();
        (await nobody.PostToken(
            ("grant_type", "password"), ("username", "alice"), ("password", "wrong"), ("service", "127.0.0.1"))).Dispose();
        (await nobody.PostToken(
            ("grant_type", "password"), ("username", "ann"), ("password", "wrong"), ("service", "127.0.0.1"))).Dispose();
        using var carol = door.Client("carol");
        var hers = await carol.Token(RegistryClient.Pull("a/b"));
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => carol.Send(HttpMethod.Get, "/v2/", hers))))
        {
            answer.Dispose();
        }

        using var http = new HttpClient();
        using var content = new StringContent("{\"tenant\":\"acme\",\"subject\":\"bob\"}");
        (await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content)).Dispose();
        await Eventually.True(
            async () =>
            {
                using var answer = await bob.Send(HttpMethod.Get, "/v2/a/b/manifests/v1", token);
                return answer.StatusCode == HttpStatusCode.Unauthorized;
            },
            "the revocation arrives");
        (string Event, string Subject, string Reason)[] wanted =
        [
            ("pull", "bob", "upstream refused: upstream 'local' rejected"), ("denied", "bob", "rule needed: delete a/b"), ("denied", "bob",
                "scope lacking: repository:c/d:pull"),
            ("denied", "", "not a token of this cluster"), ("login", "alice", "wrong password"), ("login", "ann", "unknown user name"),
            ("denied", "carol", "limited: "),
            ("denied", "bob", "revoked: "),
        ];
        foreach (var (name, subject, reason) in wanted)
        {
            await Eventually.True(
                () => Read(file).Exists(
                    line => Text(line, "event") == name && Text(line, "subject") == subject
                        && Text(line, "reason").StartsWith(reason, StringComparison.Ordinal)),
                $"{name} of {subject} because of {reason}:\n{(File.Exists(file) ? File.ReadAllText(file) : "")}");
        }

        var limited = Read(file).FindAll(line => Text(line, "reason").StartsWith("limited", StringComparison.Ordinal));
        Assert.InRange(limited.Count, 1, 20);
        Assert.DoesNotContain(Read(file), line => Text(line, "decision") == "deny" && Text(line, "reason").Length == 0);
        Assert.DoesNotContain("canary", File.ReadAllText(file));
    }

    [Fact]
    public async Task Where_the_log_is_JSON_every_line_is_and_has_its_time_and_audit_goes_to_stderr_if_wanted()
    {
        await using var upstream = await RecordingUpstream.Start(_ => Task.CompletedTask);
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(upstream.Url, extra: "audit: { file: stderr }"), ("REGISTRYPROXY_LOG", "json"));
        using var bob = door.Client("bob");
        await bob.Token(RegistryClient.Pull("a/b"));
        door.WriteConfig("nonsense: 1");
        await Eventually.True(() => door.Log.Contains("nonsense") && door.Log.Contains("\"event\":\"login\""), "both logs are written");
        Assert.Equal(0, await door.Terminate());
        var lines = door.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line =>
            Assert.Equal(DateTimeOffset.UtcNow,
                JsonDocument.Parse(line).RootElement is var entry && entry.TryGetProperty("time", out var time)
            ? time.GetDateTimeOffset() : entry.GetProperty("Timestamp").GetDateTimeOffset(), TimeSpan.FromMinutes(5)));
        Assert.Contains(lines, line => line.Contains("data listening on "));
        Assert.Contains(lines, line => line.Contains("running request"));
    }

    [Fact]
    public async Task Every_answer_has_a_request_id()
    {
        await using var upstream = await RecordingUpstream.Start(_ => Task.CompletedTask);
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(upstream.Url));
        foreach (var url in new[] { door.DataUrl, door.AdminUrl })
        {
            foreach (var request in new[]
            {
                "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
            })
            {
                var answer = await RawHttp.Exchange(url, request);
                Assert.True(answer.Contains("\r\nX-Request-Id: ", StringComparison.Ordinal),
                    $"{request[..Math.Min(40, request.Length)]} of {url}:\n{answer}");
            }
        }
    }

    private static List<JsonElement> Read(string file) =>
        File.Exists(file) ? [.. File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement)] : [];

    private static string Text(JsonElement line, string field) => line.TryGetProperty(field, out var value) ? value.GetString()! : "";
}
