using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RegistryProxy.Silo.Admin.Operations;

namespace RegistryProxy.Tests.Grains;

/// <summary>Lines of the audit log are found by who did it, what with, and what came of it.</summary>
public sealed class AuditFilterTests
{
    private const string Lines = """
        {"completeSince":"2026-01-01T00:00:00Z","gateways":1,"silent":0,"lines":[
        {"event":"pull","subject":"alice","repository":"team/app","decision":"allow"},
        {"event":"pull","subject":"bob","repository":"team/app","decision":"deny"},
        {"event":"robot-create","administrator":"corp/alice","subject":"robot$ci","decision":"allow"}]}
        """;

    [Theory]
    [InlineData("subject", "ALI", "pull robot-create")]
    [InlineData("subject", "bob", "pull")]
    [InlineData("repository", "app", "pull pull")]
    [InlineData("event", "robot-create", "robot-create")]
    [InlineData("decision", "deny", "pull")]
    [InlineData("text", "corp/", "robot-create")]
    [InlineData("text", "nowhere", "")]
    public void Each_field_finds_its_lines(string field, string value, string events)
    {
        var query = new QueryCollection(new Dictionary<string, StringValues> { ["tenant"] = "acme", [field] = value });
        Assert.True(AuditFilter.TryRead(query, out var filter, out _));
        Assert.Equal(events, string.Join(' ', filter.Of(Lines).Lines.Select(line => line.GetProperty("event").GetString())));
    }

    [Fact]
    public void A_field_that_is_none_is_refused_by_its_name()
    {
        Assert.False(AuditFilter.TryRead(
            new QueryCollection(new Dictionary<string, StringValues> { ["who"] = "alice" }), out _, out var problem));
        Assert.StartsWith("'who' is not known; the fields are tenant, since, event, ", problem, StringComparison.Ordinal);
    }
}
