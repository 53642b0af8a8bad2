using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The login form of the admin listener: where it leads, and that it is no place to guess at.</summary>
public sealed class AdminLoginTests(AdminLoginTests.Listener listener) : IClassFixture<AdminLoginTests.Listener>
{
    private const string Token = "canary-admin-token";

    private readonly HttpClient _http = listener.Http;

    [Fact]
    public async Task A_login_leads_to_a_page_of_the_listener_and_nowhere_else()
    {
        foreach (var page in new[] { "/", "/dashboard", "/dashboard/", "/dashboard/index.min.js", "/admin/upstreams", "/admin/cache",
            "/admin/sessions?tenant=acme", "/admin/explain?tenant=a&claim.x=%2F&repository=a/b", "/metrics" })
        {
            Assert.Equal(page, await LoginTo(page));
        }

        string[] elsewhere =
        [
            "//evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\t/evil.example", "\t//evil.example",
            "/\r/evil.example", "/\n/evil.example", "/%09/evil.example",
            "/%0d%0aX:y", "/%2f/evil.example", "/%5cevil.example", "/%2e%2e//evil.example", "/./evil.example", "/.//evil.example",
            "/../evil.example", "/dashboard//evil.example", "/dashboard/..//evil.example",
            "/dashboard/%2e%2e/%2fevil.example", "/;/evil.example", "/@evil.example", "https://evil.example", "http:evil.example",
            "javascript:alert(1)", "data:text/html,x", "evil.example", "///evil.example",
            "/\u000b/evil.example", "/\u00a0/evil.example", "/\u3002evil.example", "/／evil.example", "/<script>", "/{problem}", "/nothing",
            "/admin/sessions/revoke", "/admin", "/metrics/x", "/METRICS", "/admin/cache?x=\\\\evil", "/admin/cache#x", "", " ", "?",
        ];
        foreach (var target in elsewhere)
        {
            Assert.Equal("/", await LoginTo(target));
        }
    }

    [Fact]
    public async Task A_browser_that_must_log_in_comes_back_to_where_it_was()
    {
        Assert.Equal("/login?next=%2Fadmin%2Fsessions%3Ftenant%3Dacme", await RedirectOf("/admin/sessions?tenant=acme"));
        Assert.Equal("/login?next=%2Fmetrics", await RedirectOf("/metrics"));
        Assert.Equal("/login?next=%2F", await RedirectOf("/%09/evil.example"));
        Assert.Equal("/login?next=%2F", await RedirectOf("/nothing"));
    }

    [Fact]
    public async Task Guesses_are_slow_by_form_header_and_cookie_and_other_addresses_are_not()
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 12; i++)
        {
            using var response = await ((i % 3) switch
            {
                0 => Post($"guess-{i}", "/", "203.0.113.1"),
                1 => Get("203.0.113.1", request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", $"guess-{i}")),
                _ => Get("203.0.113.1", request => request.Headers.Add("Cookie", $"registryproxy_admin=99999999999.{i}")),
            });
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(1.5), $"twelve guesses take {watch.Elapsed}");
        using var other = await Get(
            "203.0.113.2", request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        var many = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Post($"guess-{i}", "/", "203.0.113.3")));
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests],
            many.Select(response => response.StatusCode).Distinct().Order());
        Assert.All(many, response =>
            Assert.True(response.StatusCode != HttpStatusCode.TooManyRequests || response.Headers.RetryAfter is not null));
        using var right = await Post(Token, "/", "203.0.113.1");
        Assert.Equal(HttpStatusCode.SeeOther, right.StatusCode);
    }

    [Fact]
    public async Task A_form_that_cannot_be_read_is_the_clients_fault()
    {
        foreach (var (type, body) in new[] { ("application/x-www-form-urlencoded", string.Concat(Enumerable.Repeat("a&", 3000))),
            ("application/x-www-form-urlencoded", "token=x&next=/%00/evil"), ("multipart/form-data", "--x"),
            ("multipart/form-data; boundary=x", "--x\r\n\r\n"), ("text/plain", "token=x") })
        {
            using var content = new StringContent(body);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            using var response = await _http.PostAsync("/login", content);
            Assert.True(response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"{type}: {response.StatusCode}");
        }
    }

    [Fact]
    public async Task A_login_and_a_wrong_token_have_lines_of_the_audit_log()
    {
        using var wrong = await Post("canary-guess", "/", "203.0.113.77");
        using var right = await Post(Token, "/", "203.0.113.78");
        string[] lines = [];
        await Eventually.True(async () => (lines = await listener.Audit()).Any(line => line.Contains("203.0.113.78")), "both are written");
        Assert.Contains("\"decision\":\"deny\",\"reason\":\"wrong token\",\"status\":401", Assert.Single(lines, line => line.Contains("203.0.113.77")));
        Assert.Contains("\"event\":\"operator-login\"", Assert.Single(lines, line => line.Contains("203.0.113.78")));
        Assert.DoesNotContain(lines, line => line.Contains("canary"));
    }

    [Fact]
    public async Task A_refused_header_or_cookie_and_the_page_of_another_site_have_lines_of_the_audit_log()
    {
        using var header = await Get(
            "203.0.113.81", request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "canary-guess"));
        using var cookie = await Get("203.0.113.82", request => request.Headers.Add("Cookie", "registryproxy_admin=99999999999.canary"));
        using var foreign = await Get("203.0.113.83", request =>
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
            request.Headers.Add("Origin", "https://evil.example");
        });
        using var nobody = await Get("203.0.113.84", _ => { });
        string[] lines = [];
        await Eventually.True(
            async () => (lines = await listener.Audit()).Any(line => line.Contains("203.0.113.83")), "the last refusal is written");
        foreach (var (client, status, reason) in new[]
        {
            (81, 401, "wrong admin token"), (82, 401, "wrong admin token"), (83, 403, "pages of other sites"),
        })
        {
            var line = Assert.Single(lines, line => line.Contains($"203.0.113.{client}"));
            Assert.Contains("\"event\":\"denied\"", line);
            Assert.Contains("\"action\":\"operate\"", line);
            Assert.Contains("\"reference\":\"/admin/upstreams\"", line);
            Assert.Contains($"\"status\":{status}", line);
            Assert.Contains($"\"reason\":\"{reason}", line);
        }

        Assert.DoesNotContain(lines, line => line.Contains("203.0.113.84") || line.Contains("canary"));
    }

    [Fact]
    public async Task Refusals_beyond_ten_a_second_are_told_as_a_number_though_nobody_comes_after_them()
    {
        var before = (await listener.Audit()).Sum(MoreOf);
        for (var i = 0; i < 40; i++)
        {
            using var foreign = await Get("203.0.113.90", request =>
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
                request.Headers.Add("Origin", "https://evil.example");
            });
        }

        await Eventually.True(
            async () => await listener.Audit() is var lines
                && lines.Count(line => line.Contains("203.0.113.90")) + lines.Sum(MoreOf) - before >= 40,
            "none of them is missing");
        Assert.True((await listener.Audit()).Sum(MoreOf) > before);
    }

    private static int MoreOf(string line) => line.Contains("\"reason\":\"further requests in this second were refused\"")
        ? JsonDocument.Parse(line).RootElement.GetProperty("count").GetInt32() : 0;

    [Fact]
    public async Task A_token_that_cannot_be_read_is_told_once_and_so_is_its_return()
    {
        File.Delete(listener.TokenFile);
        for (var i = 0; i < 3; i++)
        {
            using var refused = await AsOperator();
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        await Eventually.True(() => listener.Log.Contains("admin.token cannot be used"), "the log says so");
        Assert.Single(Regex.Matches(listener.Log, "admin.token cannot be used"));
        await File.WriteAllTextAsync(listener.TokenFile, Token);
        using var good = await AsOperator();
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        await Eventually.True(() => listener.Log.Contains("admin.token can be used again"), "its return, too");

        Task<HttpResponseMessage> AsOperator() => Get(
            "203.0.113.90", request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token));
    }

    [Fact]
    public async Task What_is_not_there_is_answered_with_all_that_is()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/nothing");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var response = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        Assert.All(
            new[] { "/admin/configuration,", "/admin/configuration/history", "/admin/upstreams/activity", "/admin/robots", "/dashboard", "/metrics" },
            path => Assert.Contains(path, text));
        Assert.DoesNotContain("/assets/", text);
        Assert.DoesNotContain("{", text.Split("see ")[1].TrimEnd('}', ']', '\n'));
    }

    private async Task<string?> LoginTo(string next)
    {
        using var response = await Post(Token, next, "203.0.113.9");
        Assert.True(response.StatusCode == HttpStatusCode.SeeOther,
            $"{next}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return response.Headers.Location?.OriginalString;
    }

    private async Task<string?> RedirectOf(string target)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri(_http.BaseAddress!.OriginalString + target,
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Accept.ParseAdd("text/html");
        using var response = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
        return response.Headers.Location?.OriginalString;
    }

    private Task<HttpResponseMessage> Post(string token, string next, string client)
    {
        var request = new HttpRequestMessage(HttpMethod.Post,
            "/login") { Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["token"] = token, ["next"] = next }) };
        request.Headers.Add("X-Forwarded-For", client);
        return _http.SendAsync(request);
    }

    private Task<HttpResponseMessage> Get(string client, Action<HttpRequestMessage> set)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/admin/upstreams");
        request.Headers.Add("X-Forwarded-For", client);
        set(request);
        return _http.SendAsync(request);
    }

    /// <summary>A front door whose admin listener wants a token, and believes the test who it is.</summary>
    public sealed class Listener : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();
        private FrontDoor? _door;

        /// <summary>The lines of its audit log.</summary>
        public async Task<string[]> Audit() =>
            File.Exists(_folder.File("audit.jsonl")) ? await File.ReadAllLinesAsync(_folder.File("audit.jsonl")) : [];

        public HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

        public string TokenFile => _folder.File("token");

        public string Log => _door!.Log;

        public async ValueTask InitializeAsync()
        {
            _folder.Write("token", Token);
            _door = await FrontDoor.Start(
                DoorConfiguration.Single("http://127.0.0.1:9",
                    extra: $"audit: {{ file: {_folder.File("audit.jsonl")} }}\nadmin: {{ token: {{ file: {TokenFile} }} }}\nlisten: {{ trustedProxies: [127.0.0.1/32] }}"));
            Http.BaseAddress = new Uri(_door.AdminUrl);
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await (_door?.DisposeAsync() ?? ValueTask.CompletedTask);
            _folder.Dispose();
        }
    }
}
