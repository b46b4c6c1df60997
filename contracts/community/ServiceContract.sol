// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICrewRota} from "./interfaces/ICrewRota.sol";
import {IEquipmentRegister} from "./interfaces/IEquipmentRegister.sol";
import {
    Agreement,
    DeviceRecord,
    IServiceContract,
    RepairFacts,
    RepairOutcome,
    ServiceTerms
} from "./interfaces/IServiceContract.sol";
import {OrderId, OrderWords} from "./libraries/OrderWords.sol";
import {SlaMath} from "./libraries/SlaMath.sol";

/// @title ServiceContract
/// @notice Retainer, fees and bond of a repair crew; penalties are pure functions of timestamps.
/// @dev For each agreement: escrow + bond + contractorDue + backupDue == all deposits - all draws, to the wei.
contract ServiceContract is IServiceContract, ReentrancyGuardTransient {
    using OrderWords for uint256;
    using SafeERC20 for IERC20;

    /// @notice What one retainer pays for, seconds.
    uint40 public constant RETAINER_PERIOD = 30 days;
    uint8 private constant PRINCIPAL = 253;
    uint8 private constant BACKUP = 254;
    IEquipmentRegister public immutable REGISTER;

    mapping(address orders => mapping(uint16 crew => Agreement)) private _agreements;
    /// @dev Keyed by crew 16 | device 32, packed by SlaMath.
    mapping(address orders => mapping(uint256 crewAndDevice => uint256)) private _records;

    constructor(IEquipmentRegister register) {
        REGISTER = register;
    }

    // read

    /// @inheritdoc IServiceContract
    function agreementOf(address orders, uint16 crew) external view returns (Agreement memory) {
        return _agreements[orders][crew];
    }

    /// @inheritdoc IServiceContract
    function recordOf(address orders, uint16 crew, uint32 device) external view returns (DeviceRecord memory) {
        return SlaMath.unpackRecord(_records[orders][_recordKey(crew, device)]);
    }

    /// @inheritdoc IServiceContract
    function performanceOf(
        address orders,
        uint16 crew,
        uint32 device
    ) external view returns (uint256 mttr, uint256 mtbf, uint256 availabilityBp) {
        DeviceRecord memory record = SlaMath.unpackRecord(_records[orders][_recordKey(crew, device)]);
        uint256 covered = block.timestamp - record.coveredSince;
        uint256 up = covered - record.downSeconds;
        mttr = record.repairs == 0 ? 0 : record.repairSeconds / record.repairs;
        mtbf = record.repairs == 0 ? up : up / record.repairs;
        availabilityBp = covered == 0 ? 10_000 : (up * 10_000) / covered;
    }

    // write

    /// @inheritdoc IServiceContract
    function offer(address orders, uint16 crew, address owner, ServiceTerms calldata terms) external {
        Agreement storage agreement = _agreements[orders][crew];
        (address principal, ) = ICrewRota(orders).seatOf(crew, PRINCIPAL);
        if (principal != msg.sender || agreement.startedAt != 0) revert ServiceOfferRefused(orders, crew);
        if (owner == address(0) || owner == msg.sender || terms.availabilityBp > 10_000 || terms.notice < 1 days)
            revert ServiceTermsInvalid();
        (agreement.backup, ) = ICrewRota(orders).seatOf(crew, BACKUP);
        agreement.owner = owner;
        agreement.contractor = msg.sender;
        agreement.terms = terms;
        emit ServiceOffered(orders, crew, owner, msg.sender, agreement.backup, terms);
    }

    /// @inheritdoc IServiceContract
    function accept(address orders, uint16 crew, bytes32 termsHash) external {
        Agreement storage agreement = _agreements[orders][crew];
        if (
            msg.sender != agreement.owner ||
            agreement.startedAt != 0 ||
            termsHash != keccak256(abi.encode(agreement.terms))
        ) revert ServiceNotAgreed(orders, crew, msg.sender);
        agreement.startedAt = uint40(block.timestamp);
        agreement.retainedUntil = uint40(block.timestamp);
        emit ServiceStarted(orders, crew);
    }

    /// @inheritdoc IServiceContract
    function cover(address orders, uint16 crew, uint32 device) external {
        Agreement storage agreement = _running(orders, crew);
        uint256 key = _recordKey(crew, device);
        if (
            msg.sender != agreement.owner ||
            REGISTER.partiesOf(device).owner != msg.sender ||
            _records[orders][key] != 0
        ) revert ServiceDeviceRefused(device);
        DeviceRecord memory record;
        record.coveredSince = uint32(block.timestamp);
        record.lastUp = uint32(block.timestamp);
        _records[orders][key] = SlaMath.pack(record);
        emit DeviceCovered(orders, crew, device);
    }

    /// @inheritdoc IServiceContract
    function fund(address orders, uint16 crew, uint256 amount) external payable nonReentrant {
        Agreement storage agreement = _running(orders, crew);
        uint104 received = _receive(agreement, amount);
        agreement.escrow += received;
        _payArrears(agreement);
        emit EscrowFunded(orders, crew, received);
    }

    /// @inheritdoc IServiceContract
    function postBond(address orders, uint16 crew, uint256 amount) external payable nonReentrant {
        Agreement storage agreement = _running(orders, crew);
        uint104 received = _receive(agreement, amount);
        agreement.bond += received;
        emit BondPosted(orders, crew, received);
    }

    /// @inheritdoc IServiceContract
    function settle(OrderId id, uint256 order, uint256 terms, RepairOutcome outcome) external {
        uint16 crew = order.crewOf();
        uint256 key = _recordKey(crew, uint32(OrderId.unwrap(id) >> 24));
        mapping(uint256 crewAndDevice => uint256) storage records = _records[msg.sender];
        uint256 word = records[key];
        if (word == 0) return;
        DeviceRecord memory record = SlaMath.unpackRecord(word);
        RepairFacts memory facts = SlaMath.factsOf(order, terms, outcome);
        Agreement storage agreement = _agreements[msg.sender][crew];
        uint256 excessDown = SlaMath.count(record, facts, agreement.terms.availabilityBp);
        records[key] = SlaMath.pack(record);
        uint256 fee;
        uint256 penalty;
        // What began before the cover or after the end is counted, but moves no money.
        uint40 endsAt = agreement.endsAt;
        if (facts.openedAt >= record.coveredSince && (endsAt == 0 || facts.openedAt < endsAt)) {
            fee = SlaMath.feeOf(agreement.terms, facts);
            if (excessDown != 0 || !SlaMath.isPunctual(facts))
                penalty = SlaMath.penaltyOf(agreement.terms, facts, excessDown);
            _move(agreement, fee, penalty, facts.backup);
        }
        emit RepairSettled(msg.sender, id, outcome, fee, penalty);
    }

    /// @inheritdoc IServiceContract
    function payRetainer(address orders, uint16 crew) external {
        Agreement storage agreement = _running(orders, crew);
        uint256 until =
            agreement.endsAt != 0 && agreement.endsAt < block.timestamp ? agreement.endsAt : block.timestamp;
        uint256 periods = (until - agreement.retainedUntil) / RETAINER_PERIOD;
        uint256 retainer = agreement.terms.retainer;
        if (retainer != 0 && periods > agreement.escrow / retainer) periods = agreement.escrow / retainer;
        if (periods == 0 || retainer == 0)
            revert ServiceRetainerNotDue(uint256(agreement.retainedUntil) + RETAINER_PERIOD, agreement.escrow);
        uint104 amount = SafeCast.toUint104(periods * retainer);
        agreement.retainedUntil += uint40(periods * RETAINER_PERIOD);
        agreement.escrow -= amount;
        agreement.contractorDue += amount;
        emit RetainerPaid(orders, crew, amount, agreement.retainedUntil);
    }

    /// @inheritdoc IServiceContract
    function giveNotice(address orders, uint16 crew) external {
        Agreement storage agreement = _running(orders, crew);
        bool party = msg.sender == agreement.owner || msg.sender == agreement.contractor;
        if (!party || agreement.endsAt != 0) revert ServiceNoticeRefused(msg.sender);
        agreement.endsAt = uint40(block.timestamp) + agreement.terms.notice;
        emit NoticeGiven(orders, crew, agreement.endsAt);
    }

    /// @inheritdoc IServiceContract
    function draw(address orders, uint16 crew) external nonReentrant {
        Agreement storage agreement = _running(orders, crew);
        bool released = agreement.endsAt != 0 && block.timestamp >= agreement.endsAt + agreement.terms.notice;
        uint256 amount;
        if (msg.sender == agreement.contractor) {
            amount = agreement.contractorDue;
            agreement.contractorDue = 0;
            if (released) {
                amount += agreement.bond;
                agreement.bond = 0;
            }
        }
        if (msg.sender == agreement.backup) {
            amount += agreement.backupDue;
            agreement.backupDue = 0;
        }
        if (msg.sender == agreement.owner && released) {
            amount += agreement.escrow;
            agreement.escrow = 0;
        }
        if (amount == 0) revert ServiceNothingDue(msg.sender);
        emit ServicePaid(orders, crew, msg.sender, amount);
        address token = agreement.terms.token;
        if (token != address(0)) {
            IERC20(token).safeTransfer(msg.sender, amount);
        } else {
            (bool paid, ) = msg.sender.call{value: amount}("");
            if (!paid) revert ServicePaymentFailed(msg.sender);
        }
    }

    // internal

    function _recordKey(uint16 crew, uint32 device) private pure returns (uint256) {
        return (uint256(crew) << 32) | device;
    }

    function _running(address orders, uint16 crew) private view returns (Agreement storage agreement) {
        agreement = _agreements[orders][crew];
        if (agreement.startedAt == 0) revert ServiceNotRunning(orders, crew);
    }

    /// @dev The penalty is taken from the fee first, then from the bond as far as it goes; it stays in the escrow.
    function _move(Agreement storage agreement, uint256 fee, uint256 penalty, bool backup) private {
        uint256 earned = fee;
        if (!backup) {
            earned -= Math.min(penalty, fee);
            penalty -= fee - earned;
        }
        uint256 fromBond = penalty == 0 ? 0 : Math.min(penalty, agreement.bond);
        if (fromBond != 0) agreement.bond -= uint104(fromBond);
        uint256 escrow = agreement.escrow + fromBond;
        uint256 paid = Math.min(earned, escrow);
        agreement.escrow = uint104(escrow - paid);
        if (backup) agreement.backupDue += uint104(paid);
        else agreement.contractorDue += uint104(paid);
        uint128 short = uint128(earned - paid);
        if (short == 0) return;
        if (backup) agreement.backupArrears += short;
        else agreement.contractorArrears += short;
    }

    function _payArrears(Agreement storage agreement) private {
        uint104 escrow = agreement.escrow;
        uint128 owed = agreement.contractorArrears;
        uint104 paid = owed < escrow ? uint104(owed) : escrow;
        agreement.contractorArrears = owed - paid;
        agreement.contractorDue += paid;
        escrow -= paid;
        owed = agreement.backupArrears;
        paid = owed < escrow ? uint104(owed) : escrow;
        agreement.backupArrears = owed - paid;
        agreement.backupDue += paid;
        agreement.escrow = escrow - paid;
    }

    /// @dev What arrived, whatever the token says it sent. All that an agreement holds fits each of its fields, so that no
    /// later movement between them can overflow.
    function _receive(Agreement storage agreement, uint256 amount) private returns (uint104) {
        address token = agreement.terms.token;
        uint256 received = msg.value;
        if (token != address(0)) {
            if (msg.value != 0) revert ServicePaymentWrong(msg.value);
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            received = IERC20(token).balanceOf(address(this)) - before;
        }
        if (received == 0) revert ServicePaymentWrong(msg.value);
        uint256 held = uint256(agreement.escrow) + agreement.bond + agreement.contractorDue + agreement.backupDue;
        SafeCast.toUint104(held + received);
        return uint104(received);
    }
}
