// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC721} from "solady/src/tokens/ERC721.sol";
import {SeriesSettlement} from "./base/SeriesSettlement.sol";
import {IPolicyBook, Policy, Quote} from "./interfaces/IPolicyBook.sol";
import {IPolicyCard} from "./interfaces/IPolicyCard.sol";
import {ISeriesRecourse} from "./interfaces/ISeriesRecourse.sol";
import {ISeriesRegistry} from "./interfaces/ISeriesRegistry.sol";
import {IUnderwritingPool, SeriesId} from "./interfaces/IUnderwritingPool.sol";
import {Cover, Covers} from "./libraries/Covers.sol";
import {QuoteKeyWord} from "./libraries/QuoteKeys.sol";
import {AccountWord, SeriesAccounts} from "./libraries/SeriesAccounts.sol";
import {PackedSeries} from "./libraries/SeriesBlob.sol";
import {PolicyCard} from "./PolicyCard.sol";

/// @title PolicyBook
/// @notice Sells, keeps and settles policies. See `IPolicyBook` and `IPolicySettlement`.
/// @dev The token's own slot holds the whole policy: Solady's ERC-721 leaves 96 bits beside the owner, which hold sum
/// and premium, and 224 bits beside each holder's balance, which count the purchases.
contract PolicyBook is IPolicyBook, SeriesSettlement, ERC721, EIP712, AccessManaged {
    bytes32 private constant QUOTE_TYPEHASH = keccak256(
        "Quote(uint64 series,address buyer,uint128 sumInsured,uint128 premium,uint32 sequence,uint40 validUntil)"
    );

    /// @dev `ERC721`'s own, which is private there.
    uint256 private constant OWNERSHIP_SEED = 0x7d8825530a5a2e7a << 192;

    /// @inheritdoc IPolicyBook
    IPolicyCard public immutable CARD;

    mapping(address key => QuoteKeyWord word) private _quoteKeys;

    /// @param manager The deployment's AccessManager, which appoints who names quote keys.
    /// @param registry Keeps the series' terms; it alone opens series here.
    /// @param recourse Says when a series' feed does not decide it.
    constructor(
        address manager,
        ISeriesRegistry registry,
        ISeriesRecourse recourse
    ) EIP712("Publica PolicyBook", "1") AccessManaged(manager) SeriesSettlement(registry, recourse) {
        CARD = new PolicyCard(registry);
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Name of the token.
    function name() public pure override returns (string memory) {
        return "Publica Policy";
    }

    /// @notice Symbol of the token.
    function symbol() public pure override returns (string memory) {
        return "POLICY";
    }

    /// @notice What the policy says, as a data URI.
    function tokenURI(uint256 policyId) public view override returns (string memory) {
        if (!_exists(policyId)) revert PolicyUnknown(policyId);
        return CARD.uri(policyId, policyOf(policyId).sumUnits, _accounts[_seriesOf(policyId)].word.unpack());
    }

    /// @inheritdoc IPolicyBook
    function policyOf(uint256 policyId) public view returns (Policy memory) {
        uint96 data = _getExtraData(policyId);
        return Policy(_ownerOf(policyId), uint48(data), uint48(data >> 48));
    }

    /// @inheritdoc IPolicyBook
    function policiesOf(SeriesId series, uint256 from, uint256 count) external view returns (Policy[] memory policies) {
        policies = new Policy[](count);
        for (uint256 i; i < count; ++i) policies[i] = policyOf(_firstPolicyOf(series) + from + i);
    }

    /// @inheritdoc IPolicyBook
    function purchasesOf(address buyer) external view returns (uint256) {
        return _getAux(buyer);
    }

    /// @inheritdoc IPolicyBook
    function quoteDigest(Quote calldata quote) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        QUOTE_TYPEHASH,
                        quote.series,
                        quote.buyer,
                        quote.sumInsured,
                        quote.premium,
                        quote.sequence,
                        quote.validUntil
                    )
                )
            );
    }

    /// @inheritdoc IPolicyBook
    function quoteKeyOf(address key) external view returns (uint256 dailyLimitUnits, uint256 leftUnits) {
        QuoteKeyWord word = _quoteKeys[key];
        dailyLimitUnits = word.dailyLimit();
        leftUnits = word.leftToday();
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicyBook
    function accept(
        SeriesId series,
        IUnderwritingPool pool,
        uint40 start,
        uint40 end,
        uint40 settleBy
    ) external returns (uint8 window) {
        if (msg.sender != address(REGISTRY)) revert PolicyCallerUnknown(msg.sender);
        _accounts[series].word = SeriesAccounts.opened();
        return pool.accept(series, start, end, settleBy);
    }

    /// @inheritdoc IPolicyBook
    function buy(Quote calldata quote, address key, bytes calldata signature) external returns (uint256 policyId) {
        _checkQuote(quote);
        _checkSignature(key, quoteDigest(quote), signature);
        return _sell(quote.series, quote.sumInsured, quote.premium, key);
    }

    /// @inheritdoc IPolicyBook
    function cancel(uint256 policyId) external returns (uint256 refunded) {
        Policy memory policy = policyOf(policyId);
        if (policy.holder == address(0)) revert PolicyUnknown(policyId);
        if (policy.holder != msg.sender) revert PolicyNotHolder(policyId, msg.sender);
        SeriesId series = _seriesOf(policyId);
        PackedSeries terms = _terms(series);
        if (block.timestamp > terms.cancelUntil()) revert PolicyCancellationClosed(policyId, terms.cancelUntil());
        AccountWord account = _openAccount(series).minusPolicy(policy.sumUnits, policy.premiumUnits);

        uint256 refundUnits = policy.premiumUnits;
        if (block.timestamp > terms.start())
            refundUnits = (refundUnits * (terms.end() - block.timestamp)) / (terms.end() - terms.start());
        refundUnits = (refundUnits * (FULL_BPS - terms.cancelFeeBps())) / FULL_BPS;
        _accounts[series].word = account;
        _burn(policyId);
        Cover cover = Covers.pack(
            policy.sumUnits,
            policy.premiumUnits,
            account.exposure(),
            terms.zone(),
            terms.window()
        );
        refunded = terms.pool().release(series, cover, msg.sender, refundUnits);
        emit PolicyCancelled(policyId, msg.sender, refunded);
    }

    /// @inheritdoc IPolicyBook
    function setQuoteKey(address key, uint64 dailyLimitUnits) external restricted {
        _quoteKeys[key] = _quoteKeys[key].withDailyLimit(dailyLimitUnits);
        emit QuoteKeyChanged(key, dailyLimitUnits);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Policies change hands until their series is decided.
    function _beforeTokenTransfer(address from, address to, uint256 policyId) internal view override {
        if (from == address(0) || to == address(0)) return;
        if (!_accounts[_seriesOf(policyId)].word.isOpen()) revert PolicyFrozen(policyId);
    }

    /// @inheritdoc SeriesSettlement
    function _policyOf(uint256 policyId) internal view override returns (address holder, uint256 sum, uint256 premium) {
        uint256 word;
        // The slot that `ERC721` documents for the owner and what stands beside it, read once.
        assembly ("memory-safe") {
            mstore(0x00, policyId)
            mstore(0x1c, OWNERSHIP_SEED)
            word := sload(add(policyId, add(policyId, keccak256(0x00, 0x20))))
        }
        return (address(uint160(word)), uint48(word >> 160), word >> 208);
    }

    /// @dev Who may use the quote, until when, and that it is the next one, which it then is no more.
    function _checkQuote(Quote calldata quote) private {
        if (msg.sender != quote.buyer) revert PolicyQuoteNotYours(quote.buyer, msg.sender);
        if (block.timestamp > quote.validUntil) revert PolicyQuoteExpired(quote.validUntil);
        uint256 purchases = _getAux(msg.sender);
        if (quote.sequence != purchases) revert PolicyQuoteSequence(purchases, quote.sequence);
        _setAux(msg.sender, uint224(purchases + 1));
    }

    /// @dev Plain accounts first: it spares looking up whether the key is a contract.
    function _checkSignature(address key, bytes32 digest, bytes calldata signature) private view {
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (err == ECDSA.RecoverError.NoError && signer == key) return;
        if (!SignatureChecker.isValidSignatureNowCalldata(key, digest, signature)) revert PolicyQuoteInvalid(key);
    }

    /// @dev The account, the limit and the token are written before the pool is called.
    function _sell(
        SeriesId series,
        uint256 sumInsured,
        uint256 premium,
        address key
    ) private returns (uint256 policyId) {
        PackedSeries terms = _terms(series);
        _checkSale(series, sumInsured, premium, terms);
        uint256 sumUnits = _toUnits(sumInsured, terms.unit());
        uint256 premiumUnits = _toUnits(premium, terms.unit());
        _spendLimit(key, sumUnits);
        AccountWord account = _openAccount(series);
        policyId = _firstPolicyOf(series) + account.count();
        uint256 exposure = account.exposure() + sumUnits;
        uint256 cap = Math.min(terms.capacity() / terms.unit(), type(uint64).max);
        if (exposure > cap) revert PolicySeriesCapExceeded(series, exposure, cap);
        _accounts[series].word = account.plusPolicy(sumUnits, premiumUnits);
        _mintAndSetExtraDataUnchecked(msg.sender, policyId, uint96((premiumUnits << 48) | sumUnits));
        emit PolicyBought(policyId, series, sumInsured, premium);
        Cover cover = Covers.pack(sumUnits, premiumUnits, exposure, terms.zone(), terms.window());
        terms.pool().write(series, cover, msg.sender);
    }

    /// @dev What holds whoever signed the quote: the sales period, the premium's floor and ceiling.
    function _checkSale(SeriesId series, uint256 sumInsured, uint256 premium, PackedSeries terms) private view {
        uint256 salesEnd = terms.start() - terms.leadTime();
        if (block.timestamp >= salesEnd) revert PolicySalesEnded(series, salesEnd);
        uint256 floor = Math.ceilDiv(sumInsured * terms.floorBps(), FULL_BPS);
        if (premium < floor || premium > sumInsured) revert PolicyPremiumOutOfBounds(premium, floor, sumInsured);
    }

    function _spendLimit(address key, uint256 sumUnits) private {
        QuoteKeyWord word = _quoteKeys[key];
        if (word.dailyLimit() == 0) revert PolicyQuoteInvalid(key);
        uint256 left = word.leftToday();
        if (sumUnits > left) revert PolicyQuoteLimit(key, sumUnits, left);
        _quoteKeys[key] = word.spent(sumUnits);
    }

    function _seriesOf(uint256 policyId) private pure returns (SeriesId) {
        return SeriesId.wrap(uint64(policyId >> 32));
    }

    function _toUnits(uint256 amount, uint256 unit) private pure returns (uint256 units) {
        units = amount / unit;
        if (units == 0 || units > type(uint48).max || amount % unit != 0) revert PolicyAmountInvalid(amount, unit);
    }
}
