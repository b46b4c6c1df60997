// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Bequest, EstateFixedTotal, EstatePayment, EstatePlan, IEstateVault} from "./interfaces/IEstateVault.sol";
import {IWillRegistry, WillId, WillState} from "./interfaces/IWillRegistry.sol";
import {WillLeaf} from "./libraries/WillLeaf.sol";
import {WillSignatures} from "./libraries/WillSignatures.sol";

/// @title EstateVault
/// @notice See {IEstateVault}. A minimal clone for each will; the will's id is in the clone's code.
/// @dev Net estate of an asset = balance + what bequests were paid of it. Every claim is computed from the net estate, so
/// late deposits, fees on transfer and the order of claims make no difference. Payments round down.
contract EstateVault is IEstateVault, EIP712, Multicall, ReentrancyGuardTransient, ERC721Holder, ERC1155Holder {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @dev One slot, 192 bits:
    ///   0..39   beganAt             unix seconds; 0 = not begun
    ///  40..79   administrationEnd   unix seconds
    ///  80..95   claimDays
    ///  96..111  substituteDays
    /// 112..127  finalDays
    /// 128..135  executorThreshold
    /// 136..151  feeCapBps
    /// 152..167  debtCapBps
    /// 168..183  version
    /// 184..191  anyRenounced        1 when the bitmap of renunciations must be read
    struct Settlement {
        uint40 beganAt;
        uint40 administrationEnd;
        uint16 claimDays;
        uint16 substituteDays;
        uint16 finalDays;
        uint8 executorThreshold;
        uint16 feeCapBps;
        uint16 debtCapBps;
        uint16 version;
        bool anyRenounced;
    }

    /// @dev One slot an asset, 248 bits: what bequests were paid, the fixed sums, and whether claims are open.
    struct Book {
        uint120 paid;
        uint120 fixedTotal;
        bool isOpen;
    }

    /// @dev One slot an asset, used by executors only, 256 bits: what fees and debts may still take, and the number of the
    /// next payment in this asset.
    struct Caps {
        uint112 feeLeft;
        uint112 debtLeft;
        uint32 number;
    }

    /// @dev What two bequests, 2i and 2i+1, were paid of an asset.
    struct PaidPair {
        uint128 even;
        uint128 odd;
    }

    bytes32 private constant PAYMENT_TYPEHASH = keccak256(
        "Payment(bool fee,address asset,address to,uint128 amount,bytes32 invoice,uint32 number,uint256 deadline)"
    );
    bytes32 private constant ASSENT_TYPEHASH = keccak256("Assent(uint256 deadline)");

    uint16 private constant MAX_FEE_CAP_BPS = 1_000;
    uint16 private constant MAX_ADMINISTRATION_DAYS = 730;
    uint16 private constant MIN_CLAIM_DAYS = 180;
    uint16 private constant MIN_SUBSTITUTE_DAYS = 30;
    uint256 private constant BPS = 10_000;
    /// @dev Nine words.
    uint256 private constant BEQUEST_BYTES = 288;
    uint8 private constant FRACTION = 0;
    uint8 private constant FIXED = 1;
    uint8 private constant ERC721_TOKEN = 2;
    uint8 private constant ERC1155_TOKEN = 3;

    /// @notice Says where the will stands.
    IWillRegistry public immutable REGISTRY;

    Settlement private _settlement;
    address private _residue;
    bytes32 private _bequestsRoot;
    bytes32 private _fixedTotalsHash;
    bytes32 private _executorsHash;
    mapping(address asset => Book) private _books;
    mapping(address asset => Caps) private _caps;
    mapping(address asset => mapping(uint256 pair => PaidPair)) private _pairs;
    mapping(uint256 word => uint256 bits) private _handedOver;
    mapping(uint256 word => uint256 bits) private _renounced;

    constructor(IWillRegistry registry) EIP712("Publica Estate", "1") {
        REGISTRY = registry;
    }

    /// @notice ETH is welcome at any time; what comes after release is distributed like the rest.
    receive() external payable {}

    // ------------------------------------------------------------------ read

    /// @inheritdoc IEstateVault
    function will() public view returns (WillId) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (WillId));
    }

    /// @inheritdoc IEstateVault
    function timesOf() external view returns (uint40 beganAt, uint40 administrationEnd, uint40 finalAt) {
        Settlement storage settlement = _settlement;
        beganAt = settlement.beganAt;
        administrationEnd = settlement.administrationEnd;
        if (beganAt != 0) finalAt = beganAt + uint40(settlement.finalDays) * 1 days;
    }

    /// @inheritdoc IEstateVault
    function paidOf(address asset, uint16 index) public view returns (uint128) {
        PaidPair storage pair = _pairs[asset][index >> 1];
        return index & 1 == 0 ? pair.even : pair.odd;
    }

    /// @inheritdoc IEstateVault
    function assetOf(
        address asset
    ) external view returns (bool isOpen, uint128 paid, uint128 fixedTotal, uint128 feeLeft, uint128 debtLeft) {
        Book storage book = _books[asset];
        Caps storage caps = _caps[asset];
        return (book.isOpen, book.paid, book.fixedTotal, caps.feeLeft, caps.debtLeft);
    }

    /// @inheritdoc IEstateVault
    function paymentNumber(address asset) external view returns (uint32) {
        return _caps[asset].number;
    }

    /// @inheritdoc IEstateVault
    function dueOf(Bequest calldata bequest, address asset) external view returns (uint256) {
        return _due(bequest, asset, _books[asset], paidOf(asset, bequest.index));
    }

    /// @inheritdoc IEstateVault
    function entitledTo(Bequest calldata bequest) external view returns (address) {
        return _entitled(bequest, _settlement);
    }

    // ------------------------------------------------------------------ write: the testator

    /// @inheritdoc IEstateVault
    function withdraw(address asset, address to, uint256 amount) external nonReentrant {
        _testatorActs();
        emit EstateWithdrawn(asset, to, 0, amount);
        _pay(asset, to, amount);
    }

    /// @inheritdoc IEstateVault
    function withdrawNft(address asset, address to, uint256 tokenId) external nonReentrant {
        _testatorActs();
        emit EstateWithdrawn(asset, to, tokenId, 1);
        IERC721(asset).safeTransferFrom(address(this), to, tokenId);
    }

    /// @inheritdoc IEstateVault
    function withdrawMulti(address asset, address to, uint256 tokenId, uint256 amount) external nonReentrant {
        _testatorActs();
        emit EstateWithdrawn(asset, to, tokenId, amount);
        IERC1155(asset).safeTransferFrom(address(this), to, tokenId, amount, "");
    }

    // ------------------------------------------------------------------ write: settlement

    /// @inheritdoc IEstateVault
    function beginSettlement(EstatePlan calldata plan, bytes32[] calldata proof) external {
        if (_settlement.beganAt != 0) revert EstateSettlementRunning();
        WillId id = will();
        (bytes29 root, WillState state) = REGISTRY.sealOf(id);
        if (state != WillState.Released && state != WillState.Opened) revert EstateNotReleased();
        bytes32 planHash = keccak256(abi.encode(plan));
        if (WillLeaf.rootOf(WillLeaf.plan(planHash), proof) != root) revert EstatePlanWrong(planHash);

        uint40 beganAt = uint40(block.timestamp);
        uint256 administrationDays = Math.min(plan.administrationDays, MAX_ADMINISTRATION_DAYS);
        uint256 claimDays = Math.max(plan.claimDays, MIN_CLAIM_DAYS);
        uint256 substituteDays = Math.max(plan.substituteDays, MIN_SUBSTITUTE_DAYS);
        uint256 finalDays = Math.max(plan.finalDays, administrationDays + claimDays + substituteDays);
        (uint16 version, ) = REGISTRY.versionOf(id);
        _settlement = Settlement({
            beganAt: beganAt,
            administrationEnd: beganAt + uint40(administrationDays * 1 days),
            claimDays: uint16(claimDays),
            substituteDays: uint16(substituteDays),
            finalDays: uint16(Math.min(finalDays, type(uint16).max)),
            executorThreshold: plan.executorThreshold,
            feeCapBps: uint16(Math.min(plan.feeCapBps, MAX_FEE_CAP_BPS)),
            debtCapBps: uint16(Math.min(plan.debtCapBps, BPS)),
            version: version,
            anyRenounced: false
        });
        _residue = plan.residue;
        _bequestsRoot = plan.bequestsRoot;
        _fixedTotalsHash = plan.fixedTotalsHash;
        _executorsHash = plan.executorsHash;
        emit EstateSettlementBegun(version, planHash, beganAt);
    }

    /// @inheritdoc IEstateVault
    function openAsset(address asset, EstateFixedTotal[] calldata table) external {
        Settlement storage settlement = _begun();
        if (_books[asset].isOpen) revert EstateAssetOpen(asset);
        if (keccak256(abi.encode(table)) != _fixedTotalsHash) revert EstateTableWrong();
        uint128 fixedTotal = 0;
        for (uint256 i = 0; i < table.length; ++i) if (table[i].asset == asset) fixedTotal = table[i].total;
        uint256 balance = _balance(asset);
        uint112 feeLeft = ((balance * settlement.feeCapBps) / BPS).toUint112();
        uint112 debtLeft = ((balance * settlement.debtCapBps) / BPS).toUint112();
        _books[asset] = Book({paid: 0, fixedTotal: uint256(fixedTotal).toUint120(), isOpen: true});
        _caps[asset] = Caps({feeLeft: feeLeft, debtLeft: debtLeft, number: 0});
        emit EstateAssetOpened(asset, fixedTotal, feeLeft, debtLeft);
    }

    /// @inheritdoc IEstateVault
    function release(
        EstatePayment calldata payment,
        address[] calldata executors,
        uint8[] calldata indices,
        bytes[] calldata signatures
    ) external nonReentrant {
        _requireAdministration(payment.deadline);
        Caps memory caps = _caps[payment.asset];
        _requireExecutors(_paymentDigest(payment, caps.number), executors, indices, signatures);
        uint112 left = payment.fee ? caps.feeLeft : caps.debtLeft;
        if (payment.amount > left) {
            if (!_books[payment.asset].isOpen) revert EstateAssetNotOpen(payment.asset);
            revert EstateAboveCap(payment.amount, left);
        }
        left -= uint112(payment.amount);
        if (payment.fee) caps.feeLeft = left;
        else caps.debtLeft = left;
        ++caps.number;
        _caps[payment.asset] = caps;
        emit EstatePaymentReleased(payment.asset, payment.to, payment.amount, payment.fee, payment.invoice);
        _pay(payment.asset, payment.to, payment.amount);
    }

    /// @inheritdoc IEstateVault
    function assent(
        uint256 deadline,
        address[] calldata executors,
        uint8[] calldata indices,
        bytes[] calldata signatures
    ) external {
        _requireAdministration(deadline);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(ASSENT_TYPEHASH, deadline)));
        _requireExecutors(digest, executors, indices, signatures);
        _settlement.administrationEnd = uint40(block.timestamp);
        emit EstateAssented(uint40(block.timestamp));
    }

    /// @inheritdoc IEstateVault
    function claim(
        Bequest calldata bequest,
        address asset,
        address to,
        bytes32[] calldata proof
    ) external nonReentrant {
        _requireClaimable(bequest, to, proof);
        if (bequest.kind > FIXED) revert EstateBequestKindWrong(bequest.kind);
        if (asset != bequest.asset && (bequest.kind == FIXED || bequest.asset != address(0)))
            revert EstateBequestKindWrong(bequest.kind);
        Book memory book = _books[asset];
        if (!book.isOpen) revert EstateAssetNotOpen(asset);
        PaidPair storage pair = _pairs[asset][bequest.index >> 1];
        bool isEven = bequest.index & 1 == 0;
        uint256 paid = isEven ? pair.even : pair.odd;
        uint256 due = _due(bequest, asset, book, paid);
        if (due == 0) revert EstateNothingDue(bequest.index);

        book.paid = (book.paid + due).toUint120();
        _books[asset] = book;
        // No bequest was paid more than all together, which fits into 120 bits.
        if (isEven) pair.even = uint128(paid + due);
        else pair.odd = uint128(paid + due);
        emit EstateBequestPaid(bequest.index, asset, to, due);
        _pay(asset, to, due);
    }

    /// @inheritdoc IEstateVault
    function claimToken(Bequest calldata bequest, address to, bytes32[] calldata proof) external nonReentrant {
        _requireClaimable(bequest, to, proof);
        if (bequest.kind != ERC721_TOKEN && bequest.kind != ERC1155_TOKEN) revert EstateBequestKindWrong(bequest.kind);
        if (block.timestamp < Math.max(bequest.unlockAt, bequest.streamUntil)) revert EstateNothingDue(bequest.index);
        (uint256 word, uint256 bit) = (bequest.index >> 8, 1 << (bequest.index & 0xff));
        if (_handedOver[word] & bit != 0) revert EstateTokenAlreadyPaid(bequest.index);
        _handedOver[word] |= bit;
        if (bequest.kind == ERC721_TOKEN) {
            emit EstateTokenPaid(bequest.index, bequest.asset, to, bequest.tokenId, 1);
            IERC721(bequest.asset).safeTransferFrom(address(this), to, bequest.tokenId);
        } else {
            uint256 held = IERC1155(bequest.asset).balanceOf(address(this), bequest.tokenId);
            uint256 amount = Math.min(held, bequest.amount);
            emit EstateTokenPaid(bequest.index, bequest.asset, to, bequest.tokenId, amount);
            IERC1155(bequest.asset).safeTransferFrom(address(this), to, bequest.tokenId, amount, "");
        }
    }

    /// @inheritdoc IEstateVault
    function renounce(Bequest calldata bequest, bytes32[] calldata proof) external {
        _begun();
        _requireBequest(bequest, proof);
        if (msg.sender != bequest.heir) revert EstateNotEntitled(bequest.heir, msg.sender);
        _renounced[bequest.index >> 8] |= 1 << (bequest.index & 0xff);
        _settlement.anyRenounced = true;
        emit EstateBequestRenounced(bequest.index, bequest.heir);
    }

    /// @inheritdoc IEstateVault
    function sweep(address asset) external nonReentrant {
        address residue = _requireResidue();
        uint256 balance = _balance(asset);
        emit EstateResidueSwept(asset, 0, balance);
        _pay(asset, residue, balance);
    }

    /// @inheritdoc IEstateVault
    function sweepToken(address asset, uint256 tokenId, uint256 amount) external nonReentrant {
        address residue = _requireResidue();
        emit EstateResidueSwept(asset, tokenId, amount == 0 ? 1 : amount);
        if (amount == 0) IERC721(asset).transferFrom(address(this), residue, tokenId);
        else IERC1155(asset).safeTransferFrom(address(this), residue, tokenId, amount, "");
    }

    /// @inheritdoc IEstateVault
    function close() external {
        _requireFinal();
        REGISTRY.settleByVault(will());
    }

    // ------------------------------------------------------------------ internal

    function _begun() private view returns (Settlement storage settlement) {
        settlement = _settlement;
        if (settlement.beganAt == 0) revert EstateSettlementNotBegun();
    }

    /// @dev Only the testator, only until release; and it is a sign of life.
    function _testatorActs() private {
        WillId id = will();
        if (msg.sender != address(bytes20(WillId.unwrap(id)))) revert EstateNotTestator(msg.sender);
        (, WillState state) = REGISTRY.sealOf(id);
        if (state >= WillState.Released && state != WillState.Revoked) revert EstateClosed();
        REGISTRY.heartbeatByVault(id);
    }

    /// @dev The time, and the deadline, in which executors may act.
    function _requireAdministration(uint256 deadline) private view {
        uint40 until = _begun().administrationEnd;
        if (block.timestamp >= until) revert EstateAdministrationOver(until);
        if (block.timestamp > deadline) revert EstatePaymentExpired(deadline);
    }

    function _paymentDigest(EstatePayment calldata payment, uint32 number) private view returns (bytes32) {
        bytes memory encoded = abi.encode(
            PAYMENT_TYPEHASH,
            payment.fee,
            payment.asset,
            payment.to,
            payment.amount,
            payment.invoice,
            number,
            payment.deadline
        );
        return _hashTypedDataV4(keccak256(encoded));
    }

    function _requireExecutors(
        bytes32 digest,
        address[] calldata executors,
        uint8[] calldata indices,
        bytes[] calldata signatures
    ) private view {
        uint256 threshold = _settlement.executorThreshold;
        if (threshold == 0 || keccak256(abi.encodePacked(executors)) != _executorsHash) revert EstateExecutorsWrong();
        if (indices.length < threshold || signatures.length != indices.length)
            revert EstateQuorumMissing(Math.min(indices.length, signatures.length), threshold);
        for (uint256 i = 0; i < indices.length; ++i) {
            uint8 index = indices[i];
            if (index >= executors.length || (i > 0 && index <= indices[i - 1])) revert EstateSignersUnordered(index);
            if (!WillSignatures.isValid(executors[index], digest, signatures[i]))
                revert EstateSignatureInvalid(executors[index]);
        }
    }

    /// @dev The bequest is the first argument of every function that gets here, so its encoding stands behind the
    /// selector as it is hashed into the tree.
    function _requireBequest(Bequest calldata bequest, bytes32[] calldata proof) private view {
        if (!MerkleProof.verifyCalldata(proof, _bequestsRoot, keccak256(msg.data[4:4 + BEQUEST_BYTES])))
            revert EstateBequestUnknown(bequest.index);
    }

    /// @dev The bequest is in the plan, heirs are paid by now, and `to` is the entitled account or its choice.
    function _requireClaimable(Bequest calldata bequest, address to, bytes32[] calldata proof) private view {
        Settlement storage settlement = _begun();
        uint40 until = settlement.administrationEnd;
        if (block.timestamp < until) revert EstateInAdministration(until);
        _requireBequest(bequest, proof);
        address entitled = _entitled(bequest, settlement);
        if (msg.sender != entitled && to != entitled) revert EstateNotEntitled(entitled, msg.sender);
    }

    /// @dev The heir, then the substitute, then the residue; without a residue nothing lapses.
    function _entitled(Bequest calldata bequest, Settlement storage settlement) private view returns (address) {
        uint256 from = Math.max(settlement.administrationEnd, Math.max(bequest.unlockAt, bequest.streamUntil));
        uint256 heirUntil = from + uint256(settlement.claimDays) * 1 days;
        bool hasRenounced =
            settlement.anyRenounced && _renounced[bequest.index >> 8] & (1 << (bequest.index & 0xff)) != 0;
        if (block.timestamp < heirUntil && !hasRenounced) return bequest.heir;
        uint256 substituteUntil = heirUntil + uint256(settlement.substituteDays) * 1 days;
        if (block.timestamp < substituteUntil && bequest.substitute != address(0)) return bequest.substitute;
        if (_residue != address(0)) return _residue;
        return hasRenounced && bequest.substitute != address(0) ? bequest.substitute : bequest.heir;
    }

    /// @dev What can be paid now. Fixed sums come first and abate together; fractions are of what they leave.
    function _due(
        Bequest calldata bequest,
        address asset,
        Book memory book,
        uint256 paid
    ) private view returns (uint256) {
        if (block.timestamp < bequest.unlockAt) return 0;
        uint256 balance = _balance(asset);
        uint256 net = balance + book.paid;
        uint256 fixedPool = Math.min(net, book.fixedTotal);
        uint256 total =
            bequest.kind == FRACTION
                ? ((net - fixedPool) * bequest.amount) / BPS
                : (book.fixedTotal == 0 ? 0 : Math.mulDiv(fixedPool, bequest.amount, book.fixedTotal));
        if (block.timestamp < bequest.streamUntil)
            total = Math.mulDiv(
                total,
                block.timestamp - bequest.unlockAt,
                uint256(bequest.streamUntil) - bequest.unlockAt
            );
        // A token that shrank by itself may leave less than was paid; then nothing more is due.
        return total <= paid ? 0 : Math.min(total - paid, balance);
    }

    /// @dev The last deadline has passed.
    function _requireFinal() private view {
        Settlement storage settlement = _begun();
        uint40 until = settlement.beganAt + uint40(settlement.finalDays) * 1 days;
        if (block.timestamp < until) revert EstateNotFinal(until);
    }

    function _requireResidue() private view returns (address residue) {
        _requireFinal();
        residue = _residue;
        if (residue == address(0)) revert EstateWithoutResidue();
    }

    function _balance(address asset) private view returns (uint256) {
        return asset == address(0) ? address(this).balance : IERC20(asset).balanceOf(address(this));
    }

    function _pay(address asset, address to, uint256 amount) private {
        if (asset != address(0)) {
            IERC20(asset).safeTransfer(to, amount);
            return;
        }
        (bool sent, ) = to.call{value: amount}("");
        if (!sent) revert EstateTransferFailed(to);
    }
}
