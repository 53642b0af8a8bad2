using System.Text;
using System.Text.Json;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Grains;

/// <summary>Lines of the audit log are found by who did it, what with, and what came of it.</summary>
public sealed class AuditFilterTests
{
    private static readonly AuditLineOfTenant[] Lines =
    [
        .. new[]
        {
            """{"event":"pull","subject":"alice","repository":"team/app","decision":"allow"}""",
            """{"event":"pull","subject":"bob","repository":"team/app","decision":"deny"}""",
            """{"event":"robot-create","administrator":"corp/alice","subject":"robot$ci","decision":"allow"}""",
        }.Select(line => new AuditLineOfTenant(DateTimeOffset.UnixEpoch, Encoding.UTF8.GetBytes(line))),
    ];

    [Theory]
    [InlineData("subject", "ALI", "pull robot-create")]
    [InlineData("subject", "bob", "pull")]
    [InlineData("repository", "app", "pull pull")]
    [InlineData("event", "robot-create", "robot-create")]
    [InlineData("decision", "deny", "pull")]
    [InlineData("text", "corp/", "robot-create")]
    [InlineData("text", "nowhere", "")]
    [InlineData("limit", "2", "pull robot-create")]
    [InlineData("subject", "", "pull pull robot-create")]
    public void Each_field_finds_its_lines(string field, string value, string events)
    {
        Assert.True(AuditFilter.TryRead(new Dictionary<string, string> { ["tenant"] = "acme", [field] = value }, out var filter, out _));
        var found = filter.Of(Lines).Select(line => JsonElement.Parse(line.Json).GetProperty("event").GetString());
        Assert.Equal(events, string.Join(' ', found));
    }

    [Theory]
    [InlineData("decision", "maybe", "'decision' must be allow or deny")]
    [InlineData("limit", "0", "'limit' must be a number from 1 to 2000")]
    [InlineData("limit", "2001", "'limit' must be a number from 1 to 2000")]
    [InlineData("limit", "-1", "'limit' must be a number from 1 to 2000")]
    public void A_value_that_is_none_is_refused_by_the_name_of_its_field(string field, string value, string saying)
    {
        Assert.False(AuditFilter.TryRead(new Dictionary<string, string> { [field] = value }, out _, out var problem));
        Assert.StartsWith(saying, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void No_value_is_longer_than_anything_that_a_line_is_searched_for()
    {
        Assert.False(AuditFilter.TryRead(new Dictionary<string, string> { ["text"] = new string('x', 513) }, out _, out var problem));
        Assert.Equal("'text' is longer than 512 characters", problem);
    }
}
