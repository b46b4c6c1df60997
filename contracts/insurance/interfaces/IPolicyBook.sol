// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedId, IFeedReader} from "../../foundation/interfaces/IFeedReader.sol";
import {IndexTerms} from "../libraries/IndexEngine.sol";
import {IUnderwritingPool, SeriesId} from "./IUnderwritingPool.sol";

/// @notice The terms of a series: fixed when it is opened, the same for all its policies, kept in a code blob.
struct Terms {
    /// @notice A short name for people, at most 31 characters of UTF-8.
    bytes32 name;
    /// @notice The capital behind it.
    IUnderwritingPool pool;
    /// @notice The contract that keeps the measurements.
    IFeedReader feeds;
    /// @notice The feed the index is computed from, in that feed's unit.
    FeedId feed;
    /// @notice The set that answers when the first one has not, or has been contested; zero for none.
    IFeedReader fallbackFeeds;
    FeedId fallbackFeed;
    /// @notice First and last round of the window, both included; at most 512 rounds. Of a season: the two rounds in which
    /// the feed attests the two halves of the packed values' digest.
    uint32 firstRound;
    uint32 lastRound;
    /// @notice Values of a packed season, whose digest alone is in the feed; 0 when each value is a round.
    uint16 seasonValues;
    /// @notice The insured time, unix seconds: values count when observed within [start, end].
    uint40 start;
    uint40 end;
    /// @notice Sales stop this many seconds before the start.
    uint32 leadTime;
    /// @notice Data of the window may still arrive this many seconds after the end; the fallback's as many again.
    uint32 grace;
    /// @notice Seconds between the last value's arrival and the decision, in which it can be contested.
    uint32 disputeWindow;
    /// @notice Last second in which a policy can be cancelled; 0 for never. Not after the end.
    uint40 cancelUntil;
    /// @notice Kept from the refund of a cancelled policy, basis points.
    uint16 cancelFeeBps;
    /// @notice Least premium, basis points of the sum insured: what a stolen quote key cannot sell below.
    uint16 floorBps;
    /// @notice Where one event hits all; 0 for none. Its cap is the pool's.
    uint32 zone;
    /// @notice The most the whole series may insure, base units of the asset.
    uint128 capacity;
    /// @notice How values become a payout.
    IndexTerms index;
}

/// @notice A series as recorded: its terms, and what the pool said when it accepted it.
struct Series {
    Terms terms;
    /// @notice Base units of the asset in one unit of the books.
    uint64 unit;
    /// @notice The pool's number of the window in which the premium is earned.
    uint8 window;
}

/// @notice One policy, in one slot: | 48 premium units | 48 sum units | 160 holder |
struct Policy {
    address holder;
    uint48 sumUnits;
    uint48 premiumUnits;
}

/// @notice An offer of cover to one buyer, signed by a quote key under EIP-712.
struct Quote {
    SeriesId series;
    address buyer;
    /// @notice Sum insured, base units of the asset.
    uint128 sumInsured;
    /// @notice Premium, base units of the asset.
    uint128 premium;
    /// @notice The buyer's purchases so far (`purchasesOf`): each quote can be used once, in order.
    uint32 sequence;
    /// @notice Last second the offer stands.
    uint40 validUntil;
}

/// @title IPolicyBook
/// @notice Opens series, sells policies (ERC-721) against signed quotes and keeps them, one slot each.
/// @dev A policy's id is `series << 32 | index`.
interface IPolicyBook {
    /// @notice A series was opened; its terms can be read with `seriesOf`.
    event SeriesOpened(SeriesId indexed series, address indexed pool, bytes32 name);
    /// @notice A policy was sold.
    event PolicyBought(
        uint256 indexed policyId,
        SeriesId indexed series,
        address indexed buyer,
        uint256 sumInsured,
        uint256 premium
    );
    /// @notice A policy was cancelled before its time.
    event PolicyCancelled(uint256 indexed policyId, address indexed holder, uint256 refund);
    /// @notice A quote key was appointed, or its daily limit changed; 0 dismisses it.
    event QuoteKeyChanged(address indexed key, uint64 dailyLimitUnits);
    /// @notice Sales were paused or resumed. Payouts cannot be.
    event SalesPaused(bool paused);

    /// @notice The series does not exist.
    /// @dev Use a number `openSeries` returned.
    error PolicySeriesUnknown(SeriesId series);
    /// @notice The terms contradict themselves.
    /// @dev The field named must be mended: see the NatSpec of `Terms`.
    error PolicyTermsInvalid(string field);
    /// @notice Sales are paused.
    /// @dev Wait until they are resumed; payouts go on.
    error PolicySalesPaused();
    /// @notice Sales of the series have ended: its window is too near.
    /// @dev Buy a series whose window starts later.
    error PolicySalesEnded(SeriesId series, uint256 salesEnd);
    /// @notice The quote was made for somebody else.
    /// @dev Send the transaction from the buyer named in the quote, or ask for an own quote.
    error PolicyQuoteNotYours(address buyer, address caller);
    /// @notice The quote has expired.
    /// @dev Ask for a new quote.
    error PolicyQuoteExpired(uint256 validUntil);
    /// @notice The quote was used, or is not the next one.
    /// @dev Ask for a quote with the sequence `purchasesOf(buyer)`.
    error PolicyQuoteSequence(uint256 expected, uint256 given);
    /// @notice The quote's signature is not by this key, or the key may not quote.
    /// @dev Ask for a quote signed by an appointed key.
    error PolicyQuoteInvalid(address key);
    /// @notice The quote key has sold its daily limit.
    /// @dev Wait until tomorrow (UTC) or ask for a quote by another key.
    error PolicyQuoteLimit(address key, uint256 wanted, uint256 left);
    /// @notice The premium is below the series' floor or above the sum insured.
    /// @dev Ask for a quote within these bounds.
    error PolicyPremiumOutOfBounds(uint256 premium, uint256 floor, uint256 sumInsured);
    /// @notice The amount is zero, too large, or not a whole number of the pool's units.
    /// @dev Round to a multiple of `unit`.
    error PolicyAmountInvalid(uint256 amount, uint256 unit);
    /// @notice The policy does not exist, or was cancelled.
    /// @dev Check the id.
    error PolicyUnknown(uint256 policyId);
    /// @notice Only the holder can do this.
    /// @dev Send the transaction from the holder's account.
    error PolicyNotHolder(uint256 policyId, address caller);
    /// @notice The terms do not allow cancellation, or no longer.
    /// @dev Sell the policy instead: it is transferable until the outcome is decided.
    error PolicyCancellationClosed(uint256 policyId, uint256 cancelUntil);
    /// @notice The outcome is decided: the policy belongs to its holder for good.
    /// @dev Collect the payout; there is nothing left to transfer.
    error PolicyFrozen(uint256 policyId);

    /// @notice A series' terms.
    function seriesOf(SeriesId series) external view returns (Series memory);

    /// @notice Number of series opened; they are numbered from 1.
    function seriesCount() external view returns (uint256);

    /// @notice One policy.
    function policyOf(uint256 policyId) external view returns (Policy memory);

    /// @notice Policies [from, from + count) of a series; a cancelled one is all zero.
    function policiesOf(SeriesId series, uint256 from, uint256 count) external view returns (Policy[] memory);

    /// @notice How many policies `buyer` has bought: the sequence of the next quote.
    function purchasesOf(address buyer) external view returns (uint256);

    /// @notice Digest a quote key signs.
    function quoteDigest(Quote calldata quote) external view returns (bytes32);

    /// @notice A quote key's daily limit and what is left of it today, in units.
    function quoteKeyOf(address key) external view returns (uint256 dailyLimitUnits, uint256 leftUnits);

    /// @notice Whether sales are paused.
    function salesPaused() external view returns (bool);

    /// @notice Opens a series of cover.
    function openSeries(Terms calldata terms) external returns (SeriesId series);

    /// @notice Buys the cover quoted. The pool pulls the premium from the buyer, who has approved it.
    function buy(Quote calldata quote, address key, bytes calldata signature) external returns (uint256 policyId);

    /// @notice Cancels a policy while its terms allow, against the unearned part of the premium less the fee.
    function cancel(uint256 policyId) external returns (uint256 refund);

    /// @notice Appoints a quote key with a limit of sums insured a day (UTC), in units; 0 dismisses it.
    function setQuoteKey(address key, uint64 dailyLimitUnits) external;

    /// @notice Pauses or resumes sales. Nothing else can be paused.
    function setSalesPaused(bool paused) external;
}
