using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RegistryProxy.Tests.Strength;

/// <summary>
/// Finds every change of a file: another operator, another constant, a condition turned round, a statement removed. Attributes are left
/// alone. Some changes do not compile; who applies them drops those.
/// </summary>
internal sealed class Mutator : CSharpSyntaxWalker
{
    private static readonly Dictionary<SyntaxKind, string> Operators = new()
    {
        [SyntaxKind.LessThanToken] = "<=",
        [SyntaxKind.LessThanEqualsToken] = "<",
        [SyntaxKind.GreaterThanToken] = ">=",
        [SyntaxKind.GreaterThanEqualsToken] = ">",
        [SyntaxKind.EqualsEqualsToken] = "!=",
        [SyntaxKind.ExclamationEqualsToken] = "==",
        [SyntaxKind.PlusToken] = "-",
        [SyntaxKind.MinusToken] = "+",
        [SyntaxKind.AsteriskToken] = "/",
        [SyntaxKind.SlashToken] = "*",
        [SyntaxKind.PercentToken] = "*",
        [SyntaxKind.AmpersandAmpersandToken] = "||",
        [SyntaxKind.BarBarToken] = "&&",
        [SyntaxKind.AmpersandToken] = "|",
        [SyntaxKind.BarToken] = "&",
        [SyntaxKind.PlusPlusToken] = "--",
        [SyntaxKind.MinusMinusToken] = "++",
        [SyntaxKind.PlusEqualsToken] = "-=",
        [SyntaxKind.MinusEqualsToken] = "+=",
        [SyntaxKind.BarEqualsToken] = "&=",
        [SyntaxKind.AmpersandEqualsToken] = "|=",
        [SyntaxKind.QuestionQuestionEqualsToken] = "=",
        [SyntaxKind.AndKeyword] = "or",
        [SyntaxKind.OrKeyword] = "and",
    };

    private readonly List<Mutation> _found = [];
    private readonly SyntaxTree _tree;
    private readonly string _file;

    private Mutator(SyntaxTree tree, string file) => (_tree, _file) = (tree, file);

    /// <summary>All of them, in the order of the text.</summary>
    public static IReadOnlyList<Mutation> Find(SyntaxTree tree, string file)
    {
        var mutator = new Mutator(tree, file);
        mutator.Visit(tree.GetRoot());
        return mutator._found;
    }

    public override void VisitAttributeList(AttributeListSyntax node)
    {
    }

    public override void VisitUsingDirective(UsingDirectiveSyntax node)
    {
    }

    public override void VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        if (node.IsKind(SyntaxKind.CoalesceExpression))
        {
            Replace(node, node.Right.ToString());
        }

        Replace(node.OperatorToken);
        base.VisitBinaryExpression(node);
    }

    public override void VisitAssignmentExpression(AssignmentExpressionSyntax node)
    {
        Replace(node.OperatorToken);
        base.VisitAssignmentExpression(node);
    }

    public override void VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node)
    {
        if (node.Kind() is SyntaxKind.LogicalNotExpression or SyntaxKind.UnaryMinusExpression)
        {
            Replace(node, node.Operand.ToString());
        }
        else
        {
            Replace(node.OperatorToken);
        }

        base.VisitPrefixUnaryExpression(node);
    }

    public override void VisitPostfixUnaryExpression(PostfixUnaryExpressionSyntax node)
    {
        Replace(node.OperatorToken);
        base.VisitPostfixUnaryExpression(node);
    }

    public override void VisitBinaryPattern(BinaryPatternSyntax node)
    {
        Replace(node.OperatorToken);
        base.VisitBinaryPattern(node);
    }

    public override void VisitRelationalPattern(RelationalPatternSyntax node)
    {
        Replace(node.OperatorToken);
        base.VisitRelationalPattern(node);
    }

    public override void VisitUnaryPattern(UnaryPatternSyntax node)
    {
        Replace(node, node.Pattern.ToString());
        base.VisitUnaryPattern(node);
    }

    public override void VisitIsPatternExpression(IsPatternExpressionSyntax node)
    {
        if (node.Pattern is ConstantPatternSyntax)
        {
            Replace(node.Pattern, $"not {node.Pattern}");
        }

        base.VisitIsPatternExpression(node);
    }

    public override void VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        switch (node.Kind())
        {
            case SyntaxKind.NumericLiteralExpression:
                Replace(node, $"({node} + 1)");
                break;
            case SyntaxKind.TrueLiteralExpression:
                Replace(node, "false");
                break;
            case SyntaxKind.FalseLiteralExpression:
                Replace(node, "true");
                break;
            case SyntaxKind.StringLiteralExpression:
                Replace(node, node.Token.ValueText.Length == 0 ? "\"x\"" : "\"\"");
                break;
            case SyntaxKind.CharacterLiteralExpression:
                Replace(node, "'\\u0001'");
                break;
        }
    }

    public override void VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        Replace(node.Condition, $"!({node.Condition})");
        base.VisitConditionalExpression(node);
    }

    public override void VisitIfStatement(IfStatementSyntax node)
    {
        Replace(node.Condition, $"!({node.Condition})");
        base.VisitIfStatement(node);
    }

    public override void VisitWhileStatement(WhileStatementSyntax node)
    {
        Replace(node.Condition, $"!({node.Condition})");
        base.VisitWhileStatement(node);
    }

    public override void VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        Replace(node, ";");
        base.VisitExpressionStatement(node);
    }

    public override void VisitReturnStatement(ReturnStatementSyntax node)
    {
        Replace(node, ";");
        base.VisitReturnStatement(node);
    }

    public override void VisitBreakStatement(BreakStatementSyntax node) => Replace(node, ";");

    public override void VisitContinueStatement(ContinueStatementSyntax node) => Replace(node, ";");

    public override void VisitThrowStatement(ThrowStatementSyntax node)
    {
        Replace(node, ";");
        base.VisitThrowStatement(node);
    }

    private void Replace(SyntaxToken token)
    {
        if (Operators.TryGetValue(token.Kind(), out var other))
        {
            Replace(token.Span, token.Text, other);
        }
    }

    private void Replace(SyntaxNode node, string with) => Replace(node.Span, node.ToString(), with);

    private void Replace(TextSpan span, string before, string with) => _found.Add(
        new Mutation(_file, _tree.GetLineSpan(span).StartLinePosition.Line + 1, new TextChange(span, with), before));
}
